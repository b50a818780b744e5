using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret list SLUG</c></summary>
internal static class SecretList
{
    public static Command Create(CliHost host)
    {
        var command = new Command("list", "List secrets and whether they have a value.");
        var which = SecretArguments.OfAll(command, hasScope: false);
        return command.Does(host, async call =>
        {
            var secrets = await call.Client.Secrets.ListAsync(which.Read(call).Of, call.CancellationToken).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(secrets);
                return;
            }

            var now = call.Host.Time.GetUtcNow();
            var table = new TextTable("SECRET", "STATE", "LEVEL", "VERSION", "AGE", "ROTATED", "USED BY", "MESSAGE");
            foreach (var s in secrets)
            {
                table.Row(
                    s.Name,
                    State(s),
                    (s.From ?? s.Scope).ToString().ToLowerInvariant(),
                    s.Version.ToString(CultureInfo.InvariantCulture),
                    s.ChangedAt is { } at ? Words.Age(now - at) : "-",
                    s.RotatedAt is { } rotated ? Words.Time(rotated) : "-",
                    (s.UsedBy.Count > 3 ? Words.Count(s.UsedBy.Count, "instance") : string.Join(", ", s.UsedBy)) + (s.Waiting.Count > 0 ? $" ({s.Waiting.Count.ToString(CultureInfo.InvariantCulture)} of them not yet{(s.Away.Count > 0 ? $"; the target of {string.Join(", ", s.Away)} does not answer" : "")})" : ""),
                    s.Prompt);
            }

            table.Write(call.Output, "The app declares no secrets that are kept here.");
        });
    }

    /// <summary>Whether there is a value, and where it is from.</summary>
    public static Cell State(SecretResponse secret) => secret switch
    {
        { Upcoming: true, Set: true } => Cell.Quiet("set, for a newer release"),
        { Upcoming: true } => Cell.Quiet("for a newer release"),
        { Set: true, Inherited: true } => Cell.Good("inherited"),
        { Set: true } => Cell.Good(secret.Generated ? "generated" : "set"),
        { Generated: true } => Cell.Busy("to be generated"),
        { Required: true } => Cell.Bad("missing"),
        _ => Cell.Quiet("not set"),
    };
}
