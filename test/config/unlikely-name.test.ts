import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unlikelyName } from '../../src/config/bind/unlikely-name.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

describe('an entry of a list of users', () => {
  it.each([
    'alice',
    'alice@corp.example',
    'user:alice@corp.example',
    'cn:laptop-0042.corp.example',
    'CORP\\dave',
    'CORP\\d*',
    // Machine accounts of Windows end with a dollar sign, so that alice$ may be one.
    'PC01$',
    'svc$',
    'alice$',
    'ext-01',
    "o'brien",
    'O\u02bcBrien',
    "'t Hooft",
    "'Abd al-Rahman",
    'CN=alice*',
    'John "Johnny" Doe',
    'Doe (EXT)',
    'alice@*',
    '*@*',
    'Aノ',
    'иванов@corp.example',
    'ｍａｌｌｏｒｙ',
    'm\u00e0llory@corp.example',
    'a_b.example#EXT#@corp.example',
    'alice+vpn@corp.example',
    'Doe, John',
    'Mary Ann Doe-Smith (contractor)',
    "O'Brien",
    'CN=alice,OU=staff,O=Example',
    'auth0|5f7c8ec7c33c6c004bbafe82',
    'AROAEXAMPLE:alice@corp.example',
    '*@vendor.example',
    'ext-*',
    '@alice',
    'alice.*',
    '*.*@corp.example',
    'first?last',
    '10% off',
    '100%safe@corp.example',
    '李雷@corp.example',
    'https://idp.corp.example/users/alice',
    '$331000-K9FC4TQ1',
    '{5f7c8ec7-c33c-6c00-4bba-fe8200000000}',
    'CORP\\d',
    'alice-',
    'nothing',
    'notary@corp.example',
    '10 % off',
    'ΟΔΟΣ',
    '’t Hooft',
    '‘t Hooft',
    'O’Brien',
    'the boys’',
  ])('is likely as %j', (entry) => {
    expect(unlikelyName(entry, 'yaml')).toBeUndefined()
    expect(unlikelyName(entry, 'text')).toBeUndefined()
  })

  it.each([
    ['alice  # left in May', '#'],
    ['alice@corp.example # left in May', '#'],
    ['alice // left in May', '#'],
    ['"alice"', 'quotes'],
    ["'alice'", 'quotes'],
    ['user:"alice"', 'quotes'],
    ['- alice', 'dash'],
    ['Alice <alice@corp.example>', 'angle brackets'],
    ['mailto:alice@corp.example', 'mailto'],
    ['alice@corp.example,', 'comma'],
    ['alice;', 'semicolon'],
    ['alice,bob', 'one name on each line'],
    ['alice@corp.example, bob@corp.example', 'one name on each line'],
    ['alice,left in May', 'one name on each line'],
    ['UserPrincipalName;DisplayName', 'one name on each line'],
    ['alice   staff   2026-05-01', 'one name on each line'],
    ['^alice$', 'regular expression'],
    ['.*@corp.example', 'regular expression'],
    ['.+@corp.example', 'regular expression'],
    ['ext-.*', 'regular expression'],
    ['.*@corp\\.example', 'regular expression'],
    ['user[0-9]', 'regular expression'],
    ['(alice|bob)@corp.example', 'regular expression'],
    ['/alice/i', 'regular expression'],
    ['%@corp.example', 'write *'],
    ['ext-%', 'write *'],
    ['alice%40corp.example', 'as AWS shows it'],
    ['{alice,bob}@corp.example', 'one name on each line'],
    ['!alice', 'exempt'],
    ['-alice', 'exempt'],
    ['~alice', 'exempt'],
    ['not alice', 'exempt'],
    ['user:!alice', 'exempt'],
    ['ext-\\d', 'regular expression'],
    ['ext\\d\\d', 'regular expression'],
    ['ext\\d+', 'regular expression'],
    ['CORP\\\\dave', 'backslash once'],
    ['{{ name }}', 'template'],
    ['{{name}}@corp.example', 'template'],
    ['${NAME}', 'template'],
    ['$(name)', 'template'],
    ['$NAME', 'template'],
    ['<name>', 'template'],
    ['<user name>', 'template'],
    ['%NAME%', 'template'],
    ['%USERNAME%@corp.example', 'template'],
    ['{name}', 'template'],
    ['mary\u00a0jane', 'write a blank'],
    ['username:alice', 'prefix'],
    ['Users:alice', 'prefix'],
    ['@corp.example', 'domain'],
    ['alice@', 'no domain'],
    ['user:alice@', 'no domain'],
    ['*@c\u043erp.example', '"*@c\\u043erp.example"'],
    ['m\u0430llory', '"m\\u0430llory"'],
    ['user:m\u0430llory', '"user:m\\u0430llory"'],
    ['МАLLОRУ', 'another alphabet'],
    ['"alice', 'the quote belongs'],
    ['alice"', 'the quote belongs'],
    ['user:"alice', 'the quote belongs'],
    ['“alice”', 'typographic quotes'],
    ['«alice»', 'typographic quotes'],
    ['„alice“', 'typographic quotes'],
    ['‘alice’', 'typographic quotes'],
    ['user:“alice”', 'typographic quotes'],
    ['“alice', 'typographic quotes'],
    ['alice”', 'typographic quotes'],
    ['bob (left)', 'parentheses'],
    ['bob (until 2026-05-01)', 'parentheses'],
    ['bob@corp.example (contractor)', 'parentheses'],
    ['cn=paul', 'before the ='],
    ['User=paul', 'before the ='],
    ['email:alice@corp.example', 'prefix'],
    ['USER：bob', 'full-width'],
    ['ＣＮ:laptop-07', 'full-width'],
  ])('is unlikely as %j', (entry, part) => {
    expect(unlikelyName(entry, 'text')).toContain(part)
    expect(unlikelyName(entry, 'yaml')).toBeDefined()
  })

  it.each([
    ['"alice"', 'remove the inner quotes', 'remove the quotes'],
    ['“alice”', 'write straight quotes', 'remove them'],
    ['- alice', 'before the opening quote', 'remove the dash'],
    ['alice # left in May', 'behind the closing quote', 'on a line of its own'],
    ['alice,bob', 'in each entry', 'on each line'],
    ['CORP\\\\dave', 'in single quotes', 'write the backslash once'],
    ['mary\u00a0jane', 'in double quotes', 'write a blank'],
  ])('is corrected in the words of the file as %j', (entry, inYaml, inText) => {
    expect(unlikelyName(entry, 'yaml')).toContain(inYaml)
    expect(unlikelyName(entry, 'text')).toContain(inText)
    expect(unlikelyName(entry, 'text')).not.toMatch(/quote[^s]|YAML|entry/)
  })
})

describe('an entry with letters of ASCII only', () => {
  it('is in no less doubt than the same with an accent, which is compared with every doubt', () => {
    const inNames = fc.constantFrom(...'x0*?.@_-!#$'.split(''))
    const others = fc.constantFrom(...'%&\'+~^"<>()[]{}|\\/,;:= '.split(''))
    const some = fc.string({
      unit: fc.oneof({ weight: 9, arbitrary: inNames }, { weight: 1, arbitrary: others }),
      maxLength: 4,
    })
    fc.assert(
      fc.property(some, some, (before, behind) => {
        const entry = `${before}x${behind}`
        const isDoubted = unlikelyName(entry.replaceAll('x', 'é'), 'text') !== undefined
        if (isDoubted) expect(unlikelyName(entry, 'text')).toBeDefined()
      }),
      { numRuns: fuzzRuns(4_000) },
    )
  })
})
