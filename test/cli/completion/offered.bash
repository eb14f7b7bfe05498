# Prints what bash offers at the end of each line of standard input, after the words of the line: curfew pl<TAB>plan
source "$1"
while IFS= read -r line; do
  # Bash splits words at "=" too, and hands the function an empty word behind a space.
  read -ra COMP_WORDS <<<"${line//=/ = }"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _curfew
  for word in "${COMPREPLY[@]}"; do printf '%s\t%s\n' "$line" "$word"; done
done
