#!/usr/bin/env node
import { runProgram } from 'mnist-export/cli'
import { program } from './program.js'
import { nameStandardInput } from './standard-input.js'

process.exitCode = await runProgram(program, nameStandardInput(process.argv.slice(2)))
