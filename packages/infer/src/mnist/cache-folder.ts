/** The folder for files that can be had again: XDG Base Directory Specification 0.8, or the platform's own place. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** `<cache of the user>/mnist-onnx`. `environment` is `process.env` or what stands for it. */
export function cacheFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  return join(userCache(environment, platform), 'mnist-onnx')
}

function userCache({ XDG_CACHE_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  // The specification has a path that isn't absolute ignored.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME
  if (platform === 'win32') return LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  return platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
}
