"""The scripts by which shells ask for completions, one for each shell."""

from __future__ import annotations

BASH = r"""# Completion of symphony for bash.
# For this shell:   source <(symphony completion bash)
# For every shell:  symphony completion bash > ~/.local/share/bash-completion/completions/symphony
#                   or, without the package bash-completion, add the first line to ~/.bashrc
_symphony_completion() {
    local line paths="" path
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$paths" ]; then paths="$line"; else COMPREPLY+=("$line"); fi
    done < <("$1" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case "$paths" in
        files) while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "$2") ;;
        folders) while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -d -- "$2") ;;
    esac
    if [ "$paths" != none ]; then compopt -o filenames 2>/dev/null; fi
    return 0
}
complete -F _symphony_completion symphony
"""

ZSH = r"""#compdef symphony
# Completion of symphony for zsh.
# For this shell:   source <(symphony completion zsh)      (after compinit)
# For every shell:  symphony completion zsh > ~/.zfunc/_symphony
#                   with these lines in ~/.zshrc:  fpath+=~/.zfunc; autoload -Uz compinit; compinit
_symphony() {
    local -a lines found
    local paths
    lines=("${(@f)$("${words[1]}" __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    paths="${lines[1]}"
    found=("${(@)lines[2,-1]}")
    (( ${#found} )) && _describe -V 'symphony' found
    case "$paths" in
        files) _files ;;
        folders) _files -/ ;;
    esac
}
if [ "$funcstack[1]" = "_symphony" ]; then _symphony "$@"; else compdef _symphony symphony; fi
"""

FISH = r"""# Completion of symphony for fish.
# For this shell:   symphony completion fish | source
# For every shell:  symphony completion fish > ~/.config/fish/completions/symphony.fish
function __symphony_completion
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    for line in $lines[2..-1]
        echo $line
    end
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
    end
end
complete -c symphony -f -a '(__symphony_completion)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
