#!/usr/bin/env node
import { runGuarded, runProgram } from 'mnist-export/cli'
import { plainArguments } from './plain-arguments.js'
import { nameStandardInput } from './standard-input.js'

const argv = process.argv.slice(2)
const plain = plainArguments(argv)

if (plain === undefined) {
  const { program } = await import('./program.js')
  process.exitCode = await runProgram(program, nameStandardInput(argv))
} else {
  process.exitCode = await runGuarded('mnist-infer', argv, async () => {
    const { classifyCommand } = await import('./classify-command.js')
    await classifyCommand(plain)
  })
}
