using System.CommandLine;

namespace Spate.Cli.Commands;

/// <summary><c>spate completions</c>: prints a script that makes a shell complete spate's command lines.</summary>
/// <remarks>The scripts ask the program itself each time (<c>spate [suggest:N] LINE</c>), so they never go stale.</remarks>
internal static class CompletionsCommand
{
    private const string Bash = """
        # spate completions for bash: put `source <(spate completions bash)` into ~/.bashrc
        _spate() {
            local word cur=${COMP_WORDS[COMP_CWORD]}
            COMPREPLY=()
            while IFS= read -r word; do
                if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
            done < <("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
            if [[ ${#COMPREPLY[@]} -eq 0 ]]; then compopt -o default 2>/dev/null || true; fi
        }
        complete -F _spate spate

        """;

    private const string Zsh = """
        #compdef spate
        # spate completions for zsh: put `source <(spate completions zsh)` into ~/.zshrc
        _spate() {
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            found=(${found:#})
            compadd -a found
            _files
        }
        compdef _spate spate

        """;

    private const string Fish = """
        # spate completions for fish: spate completions fish > ~/.config/fish/completions/spate.fish
        complete -c spate -a '(spate "[suggest:"(commandline -C)"]" (commandline -p) 2>/dev/null)'

        """;

    private const string PowerShell = """
        # spate completions for PowerShell: put `spate completions pwsh | Out-String | Invoke-Expression` into $PROFILE
        Register-ArgumentCompleter -Native -CommandName spate -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            & spate "[suggest:$cursorPosition]" $commandAst.ToString() 2>$null |
                Where-Object { $_ -like "$wordToComplete*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }

        """;

    public static Command Build(CliEnvironment environment)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "pwsh");
        var command = new Command("completions", "Print a script that completes spate's command lines in a shell") { shell };
        return command.Does(environment, context =>
        {
            context.Out.Raw(context.Get(shell) switch { "bash" => Bash, "zsh" => Zsh, "fish" => Fish, _ => PowerShell });
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
