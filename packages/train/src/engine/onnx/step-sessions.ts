/**
 * The engine's sessions. ONNX Runtime keeps what a session's runs have needed at their peak until the session is closed: gigabytes for a
 * step of a deep network. Of large networks on the CPU, so, one purpose at a time has sessions open: the last short batch of an epoch and the
 * evaluation find the memory of the full batches free. Opening one takes a fraction of a second, a few times an epoch.
 */
import { encodeModel, type Model } from 'mnist-export'
import { openSession, type Session } from 'mnist-infer/runtime'
import type { OnnxEngineOptions } from './onnx-engine.js'

/** Parameters from which on a network is large: LeNets have a hundredth of it, ResNet-18 ten times as many. */
const LARGE = 1_000_000

export class StepSessions {
  readonly #open = new Map<string, Session>()
  readonly #options: Pick<OnnxEngineOptions, 'provider' | 'threads'>
  readonly #oneAtATime: boolean
  /** Of those that were opened last. */
  #purpose: string | undefined

  constructor(parameters: number, options: Pick<OnnxEngineOptions, 'provider' | 'threads'>) {
    this.#options = options
    this.#oneAtATime = parameters >= LARGE && options.provider !== 'cuda'
  }

  /**
   * The session of that name, opened with what `model` gives where it is not. It is good until one of another purpose is
   * asked for.
   */
  async of({ purpose, name = purpose }: { purpose: string; name?: string }, model: () => Model): Promise<Session> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    if (this.#oneAtATime && purpose !== this.#purpose) await this.close()
    this.#purpose = purpose
    const { provider = 'cpu', threads } = this.#options
    // Planned memory is twice as much for a training step, at the same speed.
    const session = await openSession(encodeModel(model()), { provider, threads, memoryPattern: false })
    this.#open.set(name, session)
    return session
  }

  async close(): Promise<void> {
    const sessions = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(sessions.map((session) => session.close()))
  }
}
