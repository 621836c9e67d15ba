// Adds to package-lock.json the platform packages (optional dependencies for other systems) that the registry in use did not
// offer when the lock file was written. npm leaves those out, and `npm ci` then refuses the lock file on every system.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = { android: 'android', darwin: 'darwin', linux: 'linux', win32: 'win32', windows: 'win32' }
const CPU = { 64: 'x64', x64: 'x64', arm64: 'arm64' }

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages) continue
    const parts = name.split(/[/-]/)
    const os = OS[parts.find((part) => part in OS)]
    const cpu = CPU[parts.find((part) => part in CPU)]
    if (os === undefined || cpu === undefined) throw new Error(`${name}: its platform is not in its name`)
    const libc = os === 'linux' ? { libc: [parts.includes('musl') ? 'musl' : 'glibc'] } : {}
    const dev = entry.dev ? { dev: true } : {}
    lock.packages[`node_modules/${name}`] = { version, cpu: [cpu], ...dev, optional: true, os: [os], ...libc }
    console.log(`added ${name} ${version}`)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
