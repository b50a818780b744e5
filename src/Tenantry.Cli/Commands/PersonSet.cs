using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry person set</c></summary>
internal static class PersonSet
{
    public static Command Create(CliHost host)
    {
        var email = PersonCommand.Email();
        var name = new Option<string?>("--name") { Description = "How the person is called.", HelpName = "TEXT" };
        var role = RoleOption.Optional("What they may do everywhere: admin, operator or viewer.");
        var noRole = new Option<bool>("--no-role") { Description = "Take the role everywhere away; memberships stay." };
        var password = PersonCommand.Password("Ask for another password; standard input is read where nobody can be asked. Ends the person's sessions and removes their passkeys.");
        var noPassword = new Option<bool>("--no-password") { Description = "Take the password and the passkeys away." };
        var noPasskeys = new Option<bool>("--no-passkeys") { Description = "Remove the person's passkeys, and end the sessions that they began." };
        var dryRun = CommandOptions.DryRun();
        return new Command("set", "Change a person. What they may do changes at once.") { email, name, role, noRole, password, noPassword, noPasskeys, dryRun }.Does(host, async call =>
        {
            var isPreview = call.Value(dryRun);
            var text = !call.Value(password) ? null : isPreview ? "a preview needs none" : await ReadAsync(call);
            var change = call.Client.People.Update(call.Required(email), new(call.Value(name), call.Value(role), call.Value(noRole), text, call.Value(noPassword), call.Value(noPasskeys)));
            if (await call.PreviewAsync(isPreview, change))
                return;
            PersonCommand.Write(call, await change.SendAsync(call.CancellationToken));
        });
    }

    /// <summary>A password from a prompt that shows nothing, twice, or from standard input.</summary>
    public static async Task<string> ReadAsync(Call call)
    {
        if (!call.Output.CanAsk)
            return (await call.Host.In.ReadToEndAsync(call.CancellationToken)).TrimEnd('\n', '\r');
        var text = Prompt.Hidden(call.Host, "Password");
        return text == Prompt.Hidden(call.Host, "The same again") ? text : throw new CliException(ExitCode.Usage, "The two are not the same. Nothing was changed.");
    }
}
