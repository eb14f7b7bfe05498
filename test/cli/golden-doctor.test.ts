import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'vitest'
import { startCompany } from './company.ts'
import { expectGolden } from './golden.ts'

/** Compares the output of the doctor for the company, with a port of which this machine may have any. */
const expectFindings = async ({ here, env }: Awaited<ReturnType<typeof startCompany>>, name: string) => {
  await here.write('any-port.yaml', `${readFileSync(join(here.folder, 'curfew.yaml'), 'utf8')}server: { port: 0 }\n`)
  await expectGolden(name, here, ['doctor', '-c', 'any-port.yaml'], env)
}

it('the findings of the doctor, at two widths', async () => {
  await using company = await startCompany()
  await expectFindings(company, 'doctor')
})

it('the findings of the doctor where an endpoint cannot be read, at two widths', async () => {
  await using company = await startCompany({ isBlind: true })
  await expectFindings(company, 'doctor-blind')
})
