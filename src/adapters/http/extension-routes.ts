import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { ExtensionAnswer, ExtensionLook, ExtensionRight } from '../../app/extension-right.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { EXTEND_PATH, type ExtensionLinks } from './extension-link.ts'
import { extensionPage, WRONG_LINK } from './extension-page.ts'
import { sendPage } from './send-page.ts'

/** What the pages of links ask of the daemon. */
export interface ExtensionSources {
  readonly links: Pick<ExtensionLinks, 'rightOf'>
  readonly look: (right: ExtensionRight) => ExtensionLook
  readonly press: (right: ExtensionRight) => Promise<ExtensionAnswer>
  /** The zone in which the ends of a policy are shown. */
  readonly timeZoneOf: (policy: string) => string
  readonly now: () => Instant
  readonly countWrongLink: () => void
}

/** The path of the pages, as the server's hooks see it. */
export const EXTEND_ROUTE = `${EXTEND_PATH}*`

/** Bytes. The button sends no field. */
const LONGEST_BODY = 1024

/**
 * The pages of links. A link is its own login: whoever has it may use it. `GET` changes nothing, because programs open the
 * links of messages before people do.
 */
export const extensionRoutes =
  ({ links, look, press, timeZoneOf, now, countWrongLink }: ExtensionSources): FastifyPluginAsync =>
  async (app) => {
    const answer = async (
      reply: FastifyReply,
      link: string,
      ask: (right: ExtensionRight) => ExtensionLook | Promise<ExtensionAnswer>,
    ) => {
      const right = links.rightOf(link)
      if (right === undefined) {
        countWrongLink()
        return sendPage(reply.code(WRONG_LINK.status), WRONG_LINK.page)
      }
      const { policy } = right
      const found = await ask(right)
      const { status, page } = extensionPage(found, { policy, timeZone: timeZoneOf(policy), now: now() })
      return sendPage(reply.code(status), page)
    }

    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LONGEST_BODY }, async () => undefined)
    app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
      const { statusCode = 500 } = error
      // The server's own handler logs the other errors.
      if (statusCode >= 500) throw error
      return reply.code(statusCode).send({ error: 'this request has a body that no button sends' })
    })
    app.get<{ Params: { '*': string } }>(EXTEND_ROUTE, ({ params }, reply) => answer(reply, params['*'], look))
    app.post<{ Params: { '*': string } }>(EXTEND_ROUTE, ({ params }, reply) => answer(reply, params['*'], press))
  }
