using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry completion bash|zsh|fish</c>. Each script asks the hidden verb <c>complete</c>.</summary>
internal static class CompletionCommand
{
    private const string Bash =
        """
        # tenantry completion for bash: source <(tenantry completion bash)
        _tenantry() {
            local IFS=$'\n'
            COMPREPLY=($(tenantry complete --position "$COMP_POINT" -- "$COMP_LINE" 2>/dev/null))
        }
        complete -o default -F _tenantry tenantry ./tenantry
        """;

    private const string Zsh =
        """
        #compdef tenantry
        # tenantry completion for zsh: source <(tenantry completion zsh)
        _tenantry() {
            local -a words_found
            words_found=("${(@f)$(tenantry complete --position "$CURSOR" -- "$BUFFER" 2>/dev/null)}")
            compadd -a words_found
        }
        compdef _tenantry tenantry
        """;

    private const string Fish =
        """
        # tenantry completion for fish: tenantry completion fish | source
        complete -c tenantry -f -a '(tenantry complete --position (commandline -C) -- (commandline -p) 2>/dev/null)'
        """;

    public static Command Create(CliHost host)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return new Command("completion", "Print a script that completes words of tenantry in a shell.") { shell }.Does(host, call =>
        {
            host.Out.WriteLine(call.Required(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return Task.CompletedTask;
        });
    }
}
