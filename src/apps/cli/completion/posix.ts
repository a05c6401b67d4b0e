/**
 * Completion for bash and zsh. Both run the same two functions, which are told the words of the line: which command it is about, and what
 * can stand where the cursor is.
 */
import type { CompletedCommand, CompletedOption, CompletedValue } from './definition.js';

/** For `source <(limn completion bash)`. */
export function bashCompletion(definition: readonly CompletedCommand[]): string {
  return `# Completion of limn for bash: source <(limn completion bash)
${functions(definition)}
_limn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local kind offers
  COMPREPLY=()
  _limn_wanted "$current" "$previous" "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  case "$kind" in
    words) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$offers" -- "$current") ;;
    file) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
    folder) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
  esac
}
complete -F _limn limn
`;
}

/** For a file _limn in a folder of $fpath, or \`source <(limn completion zsh)\` behind compinit. */
export function zshCompletion(definition: readonly CompletedCommand[]): string {
  return `#compdef limn
# Completion of limn for zsh: source <(limn completion zsh), behind compinit
${functions(definition)}
_limn() {
  local kind offers
  _limn_wanted "\${words[CURRENT]}" "\${words[CURRENT-1]}" "\${(@)words[2,CURRENT-1]}"
  case "$kind" in
    words) compadd -- \${=offers} ;;
    file) _files ;;
    folder) _files -/ ;;
  esac
}
compdef _limn limn
`;
}

function functions(definition: readonly CompletedCommand[]): string {
  const paths = definition.slice(1).map(({ path }) => `"${path}"`);
  return `_limn_wanted() {
  local current="$1" previous="$2" command=limn word
  kind=none offers=
  shift 2
  for word in "$@"; do
    case "$command $word" in
      ${paths.join('|')}) command="$command $word" ;;
    esac
  done
  case "$command:$previous" in
${definition.flatMap(({ path, options }) => options.flatMap((option) => afterOption(path, option))).join('\n')}
  esac
  case "$command" in
${definition.map(atStart).join('\n')}
  esac
}`;
}

/** What can stand behind an option that takes a value. */
function afterOption(path: string, { flags, value }: CompletedOption): string[] {
  if (!value) return [];
  return [`    ${flags.map((flag) => `"${path}:${flag}"`).join('|')}) ${wanted(value)}; return ;;`];
}

/** What can stand where no option waits for its value. */
function atStart({ path, commands, options, argument }: CompletedCommand): string {
  const flags = options.flatMap((option) => option.flags).join(' ');
  const names = commands.map(({ name }) => name).join(' ');
  const other = argument ? wanted(argument) : `kind=words offers="${names}"`;
  return `    "${path}") if [[ "$current" == -* ]]; then kind=words offers="${flags}"; else ${other}; fi ;;`;
}

function wanted(value: CompletedValue): string {
  return value.kind === 'choices' ? `kind=words offers="${value.choices.join(' ')}"` : `kind=${value.kind}`;
}
