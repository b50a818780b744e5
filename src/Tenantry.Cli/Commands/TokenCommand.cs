using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry token create|list|revoke</c>: on the control plane's machine alone.</summary>
internal static class TokenCommand
{
    public static Command Create(CliHost host) => new("token", "Tokens for the API over HTTP (TENANTRY_TOKEN).")
    {
        New(host),
        List(host),
        Revoke(host),
    };

    private static Command New(CliHost host)
    {
        var name = CommandOptions.Name("name", "Names the token in lists and in the audit.");
        var expires = CommandOptions.Time("--expires", "When it ends, such as 12h or 90d from now. Never when it is not said.", TimeSpan.Zero);
        var role = RoleOption.Create("What who holds it may do: admin, operator or viewer of everything; owner, member or viewer of one organization.", Role.Admin);
        var organization = new Option<string?>("--organization") { Description = "The organization that it is good for. All when it is not said.", HelpName = "NAME" };
        var dryRun = CommandOptions.DryRun();
        return new Command("create", "Make a token and print it. It is shown this once.") { name, role, organization, expires, dryRun }.Does(host, async call =>
        {
            TimeSpan lifetime = call.Value(expires);
            var change = call.Client.Tokens.Create(new(call.Required(name), lifetime > TimeSpan.Zero ? lifetime.TotalSeconds : null, call.Value(role), call.Value(organization)));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var token = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Value(token);
                return;
            }

            call.Output.Note("It is shown this once:");
            call.Output.Line(token.Token);
        });
    }

    private static Command List(CliHost host) => new Command("list", "List tokens, without their text.").Does(host, async call =>
    {
        var tokens = await call.Client.Tokens.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(tokens);
            return;
        }

        var table = new TextTable("NAME", "ROLE", "ORGANIZATION", "CREATED", "EXPIRES", "LAST USED");
        foreach (var t in tokens)
            table.Row(t.Name, t.Role.ToString().ToLowerInvariant(), t.Organization ?? "all", Words.Time(t.CreatedAt), Said(t.ExpiresAt), Said(t.LastUsedAt));
        table.Write(call.Output, "No tokens.");
    });

    private static string Said(DateTimeOffset? time) => time is { } at ? Words.Time(at) : "never";

    private static Command Revoke(CliHost host)
    {
        var name = CommandOptions.Name("name", "The token.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("revoke", "End a token at once.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Tokens.Revoke(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Revoke the token {call.Required(name)}?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("token", call.Required(name));
        });
    }
}
