import { type Command, type Commands, EXIT, oneOf, say } from './command.ts'
import { bashCompletion } from './completion/bash.ts'
import { completedCommands } from './completion/completed-command.ts'
import { fishCompletion } from './completion/fish.ts'
import { zshCompletion } from './completion/zsh.ts'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const
const SHELLS = ['bash', 'zsh', 'fish'] as const

export const createCompletion = (commands: Commands): Command => ({
  about: `Prints a script with which a shell completes commands, options, their words and file names. To use it:
  bash  add to ~/.bashrc: source <(curfew completion bash)
  zsh   add to ~/.zshrc, after compinit: source <(curfew completion zsh)
  fish  run once: curfew completion fish > ~/.config/fish/completions/curfew.fish`,
  operands: { name: 'SHELL', words: SHELLS, isRequired: true },
  options: {},
  exitCodes: '0.',
  async run({ positionals: [shell] }) {
    say(SCRIPTS[oneOf('SHELL', shell, SHELLS)](await completedCommands(commands, [])))
    return EXIT.ok
  },
})
