# Prints what fish offers at the end of each line of standard input, after the words of the line: curfew pl<TAB>plan
source $argv[1]
while IFS= read -g line
    for word in (complete -C $line | string replace -r '\t.*' '')
        printf '%s\t%s\n' $line (string replace -r '^--\w+=' '' -- $word)
    end
end
exit 0
