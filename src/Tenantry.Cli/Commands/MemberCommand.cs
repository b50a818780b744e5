using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry member add|list|remove</c></summary>
internal static class MemberCommand
{
    public static Command Create(CliHost host) => new("member", "Who belongs to an organization.")
    {
        Add(host),
        List(host),
        Remove(host),
    };

    private static Command Add(CliHost host)
    {
        var (organization, email) = (Organization(), CommandOptions.Name("email", "The person's address."));
        var role = RoleOption.Create("owner, member or viewer.", Role.Member);
        var name = new Option<string?>("--name") { Description = "How the person is called, if nobody knows them yet.", HelpName = "TEXT" };
        var dryRun = CommandOptions.DryRun();
        return new Command("add", "Make somebody a member, or give a member another role.") { organization, email, role, name, dryRun }.Does(host, async call =>
        {
            var change = call.Client.People.PutMember(call.Required(organization), call.Required(email), new(call.Value(role), call.Value(name)));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var member = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(member);
            else
                call.Output.Line(member.InvitedUntil is { } until
                    ? $"{member.Email} is invited to be {member.Role.ToString().ToLowerInvariant()} of {call.Required(organization)}, until {Words.Time(until)}."
                    : $"{member.Email} is {member.Role.ToString().ToLowerInvariant()} of {call.Required(organization)}.");
        });
    }

    private static Command List(CliHost host)
    {
        var organization = Organization();
        return new Command("list", "List the members of an organization.") { organization }.Does(host, async call =>
        {
            var members = await call.Client.People.ListMembersAsync(call.Required(organization), call.CancellationToken).ToListAsync(call.CancellationToken);
            if (call.Output.Json)
            {
                call.Output.Array(members);
                return;
            }

            var table = new TextTable("EMAIL", "NAME", "ROLE", "SINCE", "SIGNED IN");
            foreach (var one in members)
                table.Row(one.Email, one.Name, one.Role.ToString().ToLowerInvariant(), Words.Time(one.CreatedAt), one.InvitedUntil is { } until ? $"invited until {Words.Time(until)}" : one.SignedInAt is { } at ? Words.Time(at) : "never");
            table.Write(call.Output, "No members.");
        });
    }

    private static Command Remove(CliHost host)
    {
        var (organization, email) = (Organization(), CommandOptions.Name("email", "The member's address."));
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("remove", "End a membership at once. The person stays.") { organization, email, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.People.RemoveMember(call.Required(organization), call.Required(email));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Remove {call.Required(email)} from {call.Required(organization)}?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("member", call.Required(email));
        });
    }

    private static Argument<string> Organization() => CommandOptions.Name("organization", "The organization.");
}
