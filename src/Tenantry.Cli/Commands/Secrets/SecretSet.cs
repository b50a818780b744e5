using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret set SLUG NAME</c></summary>
internal static class SecretSet
{
    public static Command Create(CliHost host)
    {
        var command = new Command("set", "Give a secret a value: typed at a prompt, from standard input (without its last line end), or from a file.");
        var which = SecretArguments.OfOne(command);
        var file = new Option<string?>("--from-file") { Description = "Take the value from this file, as it is.", HelpName = "FILE" };
        var version = CommandOptions.Number("--version", "Bring the value of this older version back instead of asking for one.");
        var dryRun = CommandOptions.DryRun();
        command.Add(file);
        command.Add(version);
        command.Add(dryRun);
        var taking = SecretTaking.AddTo(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            if (call.Value(version) is { } older)
            {
                await SecretRollback.RunAsync(call, choice, older, call.Value(dryRun), taking);
                return;
            }

            var value = await SecretInput.ReadAsync(call, choice.Name, call.Value(file));
            var change = call.Client.Secrets.Put(choice.Of, choice.Name, value);
            if (!await call.PreviewAsync(call.Value(dryRun), change))
                await taking.TellAsync(call, choice, "is set", await change.SendAsync(call.CancellationToken));
        });
    }
}
