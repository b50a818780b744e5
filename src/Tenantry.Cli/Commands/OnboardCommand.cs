using System.CommandLine;
using Tenantry.Cli.Applying;
using Tenantry.Cli.Onboarding;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry onboard --email … --name …</c>, or <c>--from customers.csv</c></summary>
internal static class OnboardCommand
{
    private const int UsualParallel = 4;

    public static Command Create(CliHost host)
    {
        var email = new Option<string?>("--email") { Description = "Who owns the tenant; its name is made from the part before the @.", HelpName = "ADDRESS" };
        var name = new Option<string?>("--name") { Description = "What people call the owner.", HelpName = "TEXT" };
        var tenant = new Option<string?>("--tenant") { Description = "The tenant's name in place of the one made from the e-mail address.", HelpName = "NAME" };
        var app = new Option<string?>("--app") { Description = "The app; may be left out while there is one alone.", HelpName = "APP" };
        var target = new Option<string?>("--target") { Description = "Where it runs; may be left out while there is one target alone.", HelpName = "NAME" };
        var tier = new Option<string?>("--tier", "--instance-type") { Description = "Its size and policy; the manifest's default when not said.", HelpName = "TIER" };
        var environment = new Option<string?>("--env") { Description = "Its environment; prod when not said.", HelpName = "NAME" };
        var organization = new Option<string?>("--organization") { Description = "The workspace that the tenant belongs to; default when not said.", HelpName = "NAME" };
        var costCentre = new Option<string?>("--cost-centre") { Description = "Where its cost is booked.", HelpName = "TEXT" };
        var features = CommandOptions.Pairs("--feature", "A value for one of the manifest's features; may be repeated.");
        var secrets = CommandOptions.Pairs("--secret-file", "A secret's value from a file, as NAME=FILE; may be repeated.");
        var limit = CommandOptions.Limit("What its LLM key may spend, in place of the tier's limit: in cents (500), or with a dollar sign in dollars ('$5').");
        var skip = new Option<bool>("--skip-provision") { Description = "Make no LLM key; one that you have is given as a secret." };
        var managementKey = new Option<string?>("--management-key-file") { Description = "A file with the LLM provider's management key; needed once.", HelpName = "FILE" };
        var file = new Option<string?>("--file", "-f") { Description = "First make a release of this manifest; nothing is built when nothing changed.", HelpName = "FILE" };
        var force = new Option<bool>("--force-build") { Description = "With --file: build although nothing changed." };
        var from = new Option<string?>("--from") { Description = "A CSV file with a line for each customer; the other options hold for those that do not say otherwise.", HelpName = "FILE" };
        var parallel = CommandOptions.Count("--parallel", "With --from: how many at once.", UsualParallel);
        var dryRun = CommandOptions.DryRun();
        var yes = CommandOptions.Yes("Take what is proposed, and redeploy what is there already.");
        var timeout = CommandOptions.Timeout();
        var command = new Command("onboard", "Give a customer an answering instance: tenant, owner, LLM key, build, secrets, instance, in one go. Run again it goes on where it stopped.")
        {
            email, name, tenant, app, target, tier, environment, organization, costCentre, features, secrets, limit, skip, managementKey, file, force, from, parallel, dryRun, yes, timeout,
        };
        return command.Does(host, async call =>
        {
            if (call.Value(force) && call.Value(file) is null)
                throw new CliException(ExitCode.Usage, "--force-build builds the manifest of --file: say which.");
            var customer = new Customer
            {
                Email = call.Value(email),
                Name = call.Value(name),
                Tenant = call.Value(tenant),
                App = call.Value(app),
                Target = call.Value(target),
                Tier = call.Value(tier),
                Environment = call.Value(environment),
                Organization = call.Value(organization),
                CostCentre = call.Value(costCentre),
                Limit = call.Value(limit),
                SkipsProvision = call.Value(skip),
                SecretFiles = call.Value(secrets)!,
                Features = call.Value(features)!,
            };
            var manifest = call.Value(file) is { } path ? await ManifestFile.ReadAsync(host, path, call.CancellationToken) : null;
            if (manifest is not null)
                customer = customer with { App = OnboardRelease.AppOf(manifest, customer.App) };
            var mood = new OnboardMood(call.Value(yes), call.Value(dryRun), call.Value(managementKey)) { Brought = call.Value(force) ? manifest?.Forced() : manifest };
            if (call.Value(from) is { } customers)
                return await BulkOnboarding.RunAsync(call, await CustomersFile.ReadAsync(call, customers, customer), mood, call.Value(parallel), call.Value(timeout));
            return await SingleOnboarding.RunAsync(call, customer, mood, call.Value(timeout));
        });
    }
}
