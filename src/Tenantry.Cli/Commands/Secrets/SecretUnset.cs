using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret unset SLUG NAME</c></summary>
internal static class SecretUnset
{
    public static Command Create(CliHost host)
    {
        var command = new Command("unset", "Take a secret's value away, with its versions. What Tenantry generates is made anew; instances that require another one are stopped.");
        var which = SecretArguments.OfOne(command);
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        command.Add(yes);
        command.Add(dryRun);
        var taking = SecretTaking.AddTo(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            var change = call.Client.Secrets.Delete(choice.Of, choice.Name);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            foreach (var notice in (await change.PreviewAsync(call.CancellationToken)).Notices)
                call.Output.Note($"note: {notice}");
            var present = await call.Client.Secrets.GetAsync(choice.Of, choice.Name, call.CancellationToken);
            Prompt.Confirm(call, call.Value(yes), $"Take the value of {choice.Name} away from {choice.Shown}?");
            await change.SendAsync(call.CancellationToken);
            if (!call.Output.Json)
                call.Output.Removed("secret", choice.Name);
            await taking.WaitAsync(call, new TakenSecrets(choice.Of, [], present.UsedBy) { IsTaken = true, IsMadeAnew = present.Generated });
            if (call.Output.Json)
                call.Output.Removed("secret", choice.Name);
        });
    }
}
