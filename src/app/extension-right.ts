import type { ExtensionOffer, ExtensionRequest, OpenOffer } from '../domain/judge/extension-offer.ts'

/** The right that a link gives, on its endpoint. */
export interface ExtensionRight extends ExtensionRequest {
  readonly region: string
  readonly endpointId: string
}

/** The answer to a look at a link, which changes nothing. */
export type ExtensionLook =
  | (ExtensionOffer & { readonly endpointName: string })
  /** The endpoint is not watched. */
  | { readonly state: 'not-watched' }

/** The answer to a press of the button. */
export type ExtensionAnswer =
  | (Omit<OpenOffer, 'state'> & { readonly state: 'granted'; readonly endpointName: string })
  | Exclude<ExtensionLook, OpenOffer>
  /** The audit trail could not be written, or its disk has not answered yet. The extension does not count. */
  | { readonly state: 'unrecorded' }

/** Why a press of the button granted nothing. */
export type ExtensionRefusal = Exclude<ExtensionAnswer['state'], 'granted'>
