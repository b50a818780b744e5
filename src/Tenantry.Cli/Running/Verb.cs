using System.CommandLine;

namespace Tenantry.Cli.Running;

/// <summary>A line of the list of commands: made only when it is called, or when all of them are shown.</summary>
internal sealed record Verb(string Name, Func<CliHost, Command> Create);

/// <summary>Gives commands their action.</summary>
internal static class CommandActions
{
    /// <summary>What the command does. It returns normally when it is done, and throws when not: see <see cref="Failure"/>.</summary>
    public static Command Does(this Command command, CliHost host, Func<Call, Task> action) => command.Does(host, async call =>
    {
        await action(call);
        return (int)ExitCode.Done;
    });

    /// <summary>The same for a command with an exit code of its own.</summary>
    public static Command Does(this Command command, CliHost host, Func<Call, Task<int>> action)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var call = new Call(parsed, host, cancellationToken);
            return await action(call);
        });
        return command;
    }
}
