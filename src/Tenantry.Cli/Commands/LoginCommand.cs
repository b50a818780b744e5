using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry login</c>: a link that signs a browser in.</summary>
internal static class LoginCommand
{
    public static Command Create(CliHost host)
    {
        var email = new Option<string?>("--email") { Description = "Who signs in. The only admin when it is not said; on a new server one is made.", HelpName = "ADDRESS" };
        var expires = CommandOptions.Time("--expires", "How long the link is good, such as 10m or 2d.", TimeSpan.FromMinutes(10));
        var dryRun = CommandOptions.DryRun();
        return new Command("login", "Print a link that signs a browser in, once. On the control plane's machine alone.") { email, expires, dryRun }.Does(host, async call =>
        {
            TimeSpan life = call.Value(expires);
            var change = call.Client.People.CreateSignInLink(new(call.Value(email), life.TotalSeconds));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var link = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Value(link);
                return;
            }

            if (link.IsNew)
                call.Output.Note(call.Value(email) is null ? $"Nobody was admin yet: added {link.Email}." : $"Added {link.Email}, who is invited.");
            call.Output.Note($"Signs in {link.Email} once, until {Words.Time(link.ExpiresAt)}:");
            call.Output.Line(link.Url);
        });
    }
}
