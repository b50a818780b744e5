using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret rekey</c></summary>
internal static class SecretRekey
{
    public static Command Create(CliHost host)
    {
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("rekey", "Replace the engine's key while everything runs. No instance restarts; older copies of the key and of the store open nothing together any more.") { yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Secrets.Rekey();
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), "Replace the engine's key? Copies of the present one are worth nothing afterwards.");
            var report = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(report);
            else
                call.Output.Line($"The engine has a new key; {Words.Count(report.DataKeys, "data key")} put under it. Copy DIR/engine/engine.key to where you keep it.");
        });
    }
}
