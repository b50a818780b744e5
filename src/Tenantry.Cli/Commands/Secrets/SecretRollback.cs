using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret rollback SLUG NAME [--to VERSION]</c></summary>
internal static class SecretRollback
{
    public static Command Create(CliHost host)
    {
        var command = new Command("rollback", "Bring the value of an older version back, as a new version.");
        var which = SecretArguments.OfOne(command);
        var to = CommandOptions.Number("--to", "The version; the one before the present one when not said.");
        var dryRun = CommandOptions.DryRun();
        command.Add(to);
        command.Add(dryRun);
        var taking = SecretTaking.AddTo(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            await RunAsync(call, choice, call.Value(to) ?? await BeforeAsync(call, choice), call.Value(dryRun), taking);
        });
    }

    public static async Task RunAsync(Call call, SecretChoice choice, long version, bool isDryRun, SecretTaking taking)
    {
        var change = call.Client.Secrets.RollBack(choice.Of, choice.Name, version);
        if (!await call.PreviewAsync(isDryRun, change))
            await taking.TellAsync(call, choice, $"has the value of version {version} again", await change.SendAsync(call.CancellationToken));
    }

    private static async Task<long> BeforeAsync(Call call, SecretChoice choice)
    {
        var versions = (await call.Client.Secrets.GetAsync(choice.Of, choice.Name, call.CancellationToken)).Versions;
        return versions.Count > 1 ? versions[1].Version : throw new CliException(ExitCode.Conflict, $"Secret {choice.Name} of {choice.Shown} has no older version.");
    }
}
