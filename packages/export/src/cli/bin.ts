#!/usr/bin/env node
import { runProgram } from './boundary.js'
import { program } from './program.js'

process.exitCode = await runProgram(program, process.argv.slice(2))
