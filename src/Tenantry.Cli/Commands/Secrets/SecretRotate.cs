using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret rotate SLUG NAME</c></summary>
internal static class SecretRotate
{
    public static Command Create(CliHost host)
    {
        var command = new Command("rotate", "Replace a value: made anew where the manifest generates it, else read as 'secret set' reads it.");
        var which = SecretArguments.OfOne(command);
        var file = new Option<string?>("--from-file") { Description = "Take the new value from this file, as it is.", HelpName = "FILE" };
        var dryRun = CommandOptions.DryRun();
        command.Add(file);
        command.Add(dryRun);
        var taking = SecretTaking.AddTo(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            var present = await call.Client.Secrets.GetAsync(choice.Of, choice.Name, call.CancellationToken);
            if (!present.Set)
                throw new CliException(ExitCode.Conflict, $"Secret {choice.Name} of {choice.Shown} has no value to replace.", "'tenantry secret set' gives it one.");
            // What a person gave, a person replaces; what was made is made anew, unless a value is brought.
            var change = present.Generated && call.Value(file) is null
                ? call.Client.Secrets.Rotate(choice.Of, choice.Name)
                : call.Client.Secrets.Put(choice.Of, choice.Name, await SecretInput.ReadAsync(call, choice.Name, call.Value(file)));
            if (!await call.PreviewAsync(call.Value(dryRun), change))
                await taking.TellAsync(call, choice, "is rotated", await change.SendAsync(call.CancellationToken));
        });
    }
}
