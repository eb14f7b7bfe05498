// The transport of `aws-lambda-ric`: the three functions of its addon `rapid-client.node`, with the same requests.
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`

/** The last answer, on its way. The addon blocks until it has arrived. */
let sent: Promise<unknown> = Promise.resolve()

const post = (path: string, body: string) => {
  sent = fetch(api + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

export const next = async () => {
  await sent
  const answer = await fetch(`${api}next`)
  return { bodyJson: await answer.text(), headers: Object.fromEntries(answer.headers) }
}

export const done = (requestId: string, body: string): void => post(`${requestId}/response`, body)

export const error = (requestId: string, body: string): void => post(`${requestId}/error`, body)
