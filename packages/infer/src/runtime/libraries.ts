/** Shared libraries in folders of ours, loaded before those that need them: no LD_LIBRARY_PATH, which is read when a process starts. */
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

/** glibc's RTLD_NODELETE (bits/dlfcn.h): Node closes what turns out to be no addon of its own, and this keeps it loaded. */
const RTLD_NODELETE = 0x1000

/**
 * Loads libraries of NVIDIA's wheels below `folder` (`nvidia/<package>/lib/<name>`), in the order given: each after those it needs. What is
 * not there is left to the system's loader, which looks in its own places when it is wanted.
 */
export function preloadLibraries(folder: string, names: readonly string[]): void {
  const files = libraryFiles(join(folder, 'nvidia'))
  for (const name of names) {
    const file = files.get(name)
    if (file !== undefined) preload(file)
  }
}

function preload(file: string): void {
  const { RTLD_LAZY, RTLD_GLOBAL } = constants.dlopen
  try {
    process.dlopen({ exports: {} }, file, RTLD_LAZY | RTLD_GLOBAL | RTLD_NODELETE)
  } catch {
    // Always: it is no addon. Where it did not load either, who needs it says so, by name.
  }
}

/** By file name. */
function libraryFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const name of list(folder)) {
    for (const file of list(join(folder, name, 'lib'))) files.set(file, join(folder, name, 'lib', file))
  }
  return files
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
