# Prints what zsh offers at the end of each line of standard input, after the words of the line: curfew pl<TAB>plan
# Completion works only in an interactive shell with a terminal, so a second shell runs in a pseudo-terminal. There a
# function in the place of compadd writes the words down, and a key lists the choices and empties the line.
zmodload zsh/zpty
script=$1
offered=$2

zpty shell zsh -f -i
zpty -w shell "LISTMAX=10000 LINES=1000; autoload -Uz compinit && compinit -u -D; source ${(q)script}"
zpty -w shell "compadd() {
  if [[ \" \$* \" == *' -'[OAD]' '* ]]; then builtin compadd \"\$@\"; return; fi
  local -a words
  builtin compadd -O words \"\$@\"
  for word in \$words; do print -r -- \"\$BUFFER\"\$'\\t'\"\$word\" >> ${(q)offered}; done
}"
zpty -w shell "offer() { zle list-choices; BUFFER=''; print -r -- LIST''ED; }; zle -N offer; bindkey '^X' offer"

while IFS= read -r line; do
  zpty -n -w shell "$line"$'\x18'
  zpty -r shell seen '*LISTED*'
done
zpty -d shell
[[ -e $offered ]] && cat $offered
