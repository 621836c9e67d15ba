/** `mnist-train doctor` */
export async function doctorCommand(_: { seconds: number; json: boolean }): Promise<void> {}
