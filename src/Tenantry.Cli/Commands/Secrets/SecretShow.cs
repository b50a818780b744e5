using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret show SLUG NAME</c>: everything but the value.</summary>
internal static class SecretShow
{
    public static Command Create(CliHost host)
    {
        var command = new Command("show", "Show a secret's levels, versions and users. Its value is shown to nobody.");
        var which = SecretArguments.OfOne(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            var secret = await call.Client.Secrets.GetAsync(choice.Of, choice.Name, call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Value(secret);
                return;
            }

            var now = call.Host.Time.GetUtcNow();
            var facts = new FactList();
            facts.Add("secret", secret.Name);
            facts.Add("state", SecretList.State(secret));
            facts.Add("kept for", $"each {secret.Scope.ToString().ToLowerInvariant()}");
            facts.Add("required", secret.Required ? "yes" : "no");
            if (secret.Prompt is not null)
                facts.Add("prompt", secret.Prompt);
            if (secret.Pattern is not null)
                facts.Add("pattern", secret.Pattern);
            if (secret.Provider is not null)
                facts.Add("provider", secret.Provider);
            facts.Add("inside", $"/run/secrets/{secret.Name}{(secret.Env is null ? "" : $", variable {secret.Env}")}");
            facts.Add("age", secret.ChangedAt is { } at ? Words.Age(now - at) : "-");
            facts.Add("rotated", secret.RotatedAt is { } rotated ? Words.Time(rotated) : "never");
            facts.Add("used by", secret.UsedBy.Count == 0 ? "nobody" : string.Join(", ", secret.UsedBy));
            facts.Write(call.Output);
            if (secret.Levels.Count == 0)
                return;
            call.Output.Line();
            var levels = new TextTable("LEVEL", "HOLDER", "VERSION", "CHANGED", "IN FORCE");
            foreach (var level in secret.Levels)
                levels.Row(level.Scope.ToString().ToLowerInvariant(), level.Holder, Number(level.Version), Words.Time(level.ChangedAt), level.Scope == secret.From ? "yes" : "no, a nearer one is");
            levels.Write(call.Output, "");
            call.Output.Line();
            var versions = new TextTable("VERSION", "WRITTEN", "MADE BY", "MESSAGE");
            foreach (var version in secret.Versions)
                versions.Row(Number(version.Version), Words.Time(version.At), version.Generated ? "Tenantry" : "a person", version.RestoredFrom is { } from ? $"the value of version {Number(from)}" : "");
            versions.Write(call.Output, "");
        });
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
