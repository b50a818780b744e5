using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry person add|list|show|set|password|remove</c></summary>
internal static class PersonCommand
{
    public static Command Create(CliHost host) => new("person", "People who sign in.")
    {
        Add(host),
        List(host),
        Show(host),
        PersonSet.Create(host),
        PersonPassword.Create(host),
        Remove(host),
    };

    private static Command Add(CliHost host)
    {
        var email = Email();
        var name = new Option<string?>("--name") { Description = "How the person is called.", HelpName = "TEXT" };
        var role = RoleOption.Optional("What they may do everywhere: admin, operator or viewer. Nothing when it is not said: 'tenantry member add' then lets them into organizations.");
        var password = Password("Ask for a password; standard input is read where nobody can be asked. Without it the person signs in with a link ('tenantry login --email').");
        var dryRun = CommandOptions.DryRun();
        return new Command("add", "Add a person.") { email, name, role, password, dryRun }.Does(host, async call =>
        {
            var isPreview = call.Value(dryRun);
            var text = call.Value(password) && !isPreview ? await PersonSet.ReadAsync(call) : null;
            var change = call.Client.People.Create(new(call.Required(email), call.Value(name), call.Value(role), text));
            if (await call.PreviewAsync(isPreview, change))
                return;
            Write(call, await change.SendAsync(call.CancellationToken));
        });
    }

    private static Command List(CliHost host) => new Command("list", "List people.").Does(host, async call =>
    {
        var people = await call.Client.People.ListAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(people);
            return;
        }

        var table = new TextTable("EMAIL", "NAME", "ROLE", "MEMBER OF", "SIGNED IN");
        foreach (var one in people)
            table.Row(one.Email, one.Name, Word(one.Role), Memberships(one), one.SignedInAt is { } at ? Words.Time(at) : "never");
        table.Write(call.Output, "No people.");
    });

    private static Command Show(CliHost host)
    {
        var email = Email();
        return new Command("show", "Show a person.") { email }.Does(host, async call =>
            Write(call, await call.Client.People.GetAsync(call.Required(email), call.CancellationToken)));
    }

    private static Command Remove(CliHost host)
    {
        var email = Email();
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("remove", "Remove a person, who is signed out at once.") { email, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.People.Delete(call.Required(email));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Remove {call.Required(email)}?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("person", call.Required(email));
        });
    }

    internal static Argument<string> Email() => CommandOptions.Name("email", "The person's address.");

    internal static Option<bool> Password(string description) => new("--password") { Description = description };

    internal static void Write(Call call, PersonResponse person)
    {
        if (call.Output.Json)
        {
            call.Output.Value(person);
            return;
        }

        var facts = new FactList();
        facts.Add("email", person.Email);
        facts.Add("name", person.Name);
        facts.Add("role", Word(person.Role));
        facts.Add("member of", Memberships(person));
        facts.Add("password", person.HasPassword ? "set" : "none");
        facts.Add("passkeys", person.Passkeys == 0 ? "none" : person.Passkeys.ToString(CultureInfo.InvariantCulture));
        facts.Add("provider", person.Issuer ?? "none");
        facts.Add("created", Words.Time(person.CreatedAt));
        facts.Add("signed in", person.SignedInAt is { } at ? Words.Time(at) : "never");
        facts.Write(call.Output);
    }

    private static string Word(Role? role) => role?.ToString().ToLowerInvariant() ?? "none";

    private static string Memberships(PersonResponse person) =>
        person.Memberships.Count == 0 ? "none" : string.Join(", ", person.Memberships.Select(one => $"{one.Organization} ({one.Role.ToString().ToLowerInvariant()})"));
}
