/** Why a server could not be asked; another one, or a later time, may do better. What it `answers …`, or `can't be reached: …`. */
export class ServerFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerFault';
  }
}
