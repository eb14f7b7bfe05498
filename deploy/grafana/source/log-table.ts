import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import * as units from '@grafana/grafana-foundation-sdk/units'
import { type Frame, framed, type Query } from './panel.ts'

/** A table with a row for each line of a log that a query finds. */
export const logTable = (spec: Omit<Frame, 'unit'> & { readonly query: Query }): PanelBuilder =>
  framed(new PanelBuilder(), { ...spec, unit: units.NoUnit }, [spec.query])
