/** Pictures that the visitor drops, pastes or chooses. */

export interface PictureInputs {
  /** Takes drops, and shows that it would. */
  readonly target: HTMLElement
  /** Takes pastes while it, or something in it, has the focus. */
  readonly pasteTarget: HTMLElement
  readonly button: HTMLButtonElement
  readonly file: HTMLInputElement
}

export function listenForPictures(
  { target, pasteTarget, button, file }: PictureInputs,
  onPicture: (picture: File) => void,
): void {
  const take = (files: FileList | undefined | null): void => {
    const [first] = files ?? []
    if (first !== undefined) onPicture(first)
  }
  button.addEventListener('click', () => file.click())
  file.addEventListener('change', () => {
    take(file.files)
    // The same file may be chosen again.
    file.value = ''
  })
  target.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files') !== true) return
    event.preventDefault()
    target.toggleAttribute('data-drop', true)
  })
  for (const type of ['dragleave', 'drop'] as const) {
    target.addEventListener(type, () => target.toggleAttribute('data-drop', false))
  }
  target.addEventListener('drop', (event) => {
    event.preventDefault()
    take(event.dataTransfer?.files)
  })
  pasteTarget.addEventListener('paste', (event) => {
    const { clipboardData } = event as ClipboardEvent
    if (clipboardData === null || clipboardData.files.length === 0) return
    event.preventDefault()
    take(clipboardData.files)
  })
}
