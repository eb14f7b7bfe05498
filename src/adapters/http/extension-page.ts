import type { ExtensionAnswer, ExtensionLook } from '../../app/extension-right.ts'
import type { OpenOffer } from '../../domain/judge/extension-offer.ts'
import { formatDuration } from '../../domain/time/duration.ts'
import { endText, leftText } from '../../domain/time/end-text.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { type Html, html } from '../html/html.ts'
import { pageOf } from '../html/page.ts'

/** What a page says beside the answer itself. */
interface Facts {
  readonly policy: string
  /** The zone in which times are shown. */
  readonly timeZone: string
  readonly now: Instant
}

interface ExtensionPage {
  readonly status: number
  readonly page: Html
}

/** The page for a link that was not made here. It says nothing of any session. */
export const WRONG_LINK: ExtensionPage = {
  status: 404,
  page: pageOf({
    title: 'This link is not valid',
    body: html`<h1>This link is not valid</h1>
<p>It is incomplete, or it was changed. Open the link in the message again, or copy it as a whole.</p>`,
  }),
}

/** The page that a link opens, and the page after its button. It names no user: links are passed on. */
export const extensionPage = (answer: ExtensionLook | ExtensionAnswer, facts: Facts): ExtensionPage => {
  const { status, title, text } = contentOf(answer, facts)
  return { status, page: pageOf({ title, body: html`<h1>${title}</h1>\n${text}` }) }
}

interface Content {
  readonly status: number
  readonly title: string
  readonly text: Html
}

const contentOf = (answer: ExtensionLook | ExtensionAnswer, { policy, timeZone, now }: Facts): Content => {
  const end = (at: Instant) => html`<strong>${endText(at, now, timeZone)}</strong>, ${leftText(at - now)}`
  switch (answer.state) {
    case 'open':
      return {
        status: 200,
        title: 'Extend your VPN session?',
        text: html`<p>Your session on <strong>${answer.endpointName}</strong> ends at ${end(answer.endsAt)}.
Policy <strong>${policy}</strong> ends it.</p>
<p>With the button it ends at ${end(firstEnd(answer))}.</p>
${byAnother(answer, end)}<form method="post"><button>Extend by ${formatDuration(answer.byMs)}</button></form>
<p class="quiet">${leftOver(answer.left, 'After that')} The extension is recorded with the name of the session.</p>`,
      }
    case 'granted':
      return {
        status: 200,
        title: 'Your VPN session is extended',
        text: html`<div class="good"><p>Your session on <strong>${answer.endpointName}</strong> ends at ${end(firstEnd(answer))}.</p></div>
${byAnother(answer, end)}<p>${leftOver(answer.left, 'Now')}</p>`,
      }
    case 'extended':
      return {
        status: 200,
        title: 'This link was used before',
        text: html`<p>Your session on <strong>${answer.endpointName}</strong> ends at ${end(answer.endsAt)}. A link extends a session once.</p>`,
      }
    case 'too-late':
      return {
        status: 410,
        title: 'This link is too old',
        text: html`<p>It was valid until the time at which, by its message, the session ends. Nothing was changed.</p>`,
      }
    case 'gone':
      return {
        status: 410,
        title: 'This session has ended',
        text: html`<p>The link was for one VPN session, and that session is not up any more. It does not extend another one.</p>`,
      }
    case 'nothing-ends':
      return {
        status: 200,
        title: 'Nothing ends your session at the moment',
        text: html`<p>No policy ends your session on <strong>${answer.endpointName}</strong> as things stand. Nothing was changed.</p>`,
      }
    case 'not-watched':
      return {
        status: 410,
        title: 'This session cannot be extended here',
        text: html`<p>The VPN endpoint of your session is not watched here any more, or another replica of Curfew watches it now. Nothing was changed.
Try the link again in a moment, and ask the administrators of the VPN if you need more time.</p>`,
      }
    case 'not-offered':
      return {
        status: 410,
        title: 'This session cannot be extended',
        text: html`<p>The rules have changed since the message was sent: policy <strong>${policy}</strong> allows this extension no longer.
Nothing was changed. Ask the administrators of the VPN if you need more time.</p>`,
      }
    case 'not-ending':
      return {
        status: 200,
        title: 'There is nothing to extend',
        text: html`<p>Policy <strong>${policy}</strong> does not end your session on <strong>${answer.endpointName}</strong> soon. Nothing was changed.</p>`,
      }
    case 'ends-regardless':
      return {
        status: 200,
        title: 'An extension would not help',
        text: html`<p>Another policy ends your session on <strong>${answer.endpointName}</strong> no later. Nothing was changed.
Ask the administrators of the VPN if you need more time.</p>`,
      }
    case 'not-seen':
      return {
        status: 503,
        title: 'Try again in a minute',
        text: html`<p>Curfew cannot see your session on <strong>${answer.endpointName}</strong> at the moment. It does not end meanwhile. Nothing was changed.</p>`,
      }
    case 'unrecorded':
      return {
        status: 503,
        title: 'Try again in a minute',
        text: html`<div class="bad"><p>The extension could not be recorded, so it does not count. Open the link again.</p></div>`,
      }
  }
}

type Extended = Pick<OpenOffer, 'extension' | 'endsOtherwiseAt'>

const firstEnd = ({ extension, endsOtherwiseAt }: Extended): Instant => Math.min(extension.until, endsOtherwiseAt)

const byAnother = ({ extension, endsOtherwiseAt }: Extended, end: (at: Instant) => Html): Html =>
  endsOtherwiseAt < extension.until
    ? html`<p class="care">Another policy ends it then. The extension alone would last until ${end(extension.until)}.</p>\n`
    : html``

const leftOver = (left: number, when: string): string => {
  if (left === 0) return `${when} this session cannot be extended again.`
  return `${when} this session can be extended ${left === 1 ? 'once' : `${left} times`} more, by the link in the next warning.`
}
