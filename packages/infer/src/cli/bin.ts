#!/usr/bin/env node
import { runProgram } from 'mnist-export/cli'
import { program } from './program.js'

process.exitCode = await runProgram(program, process.argv.slice(2))
