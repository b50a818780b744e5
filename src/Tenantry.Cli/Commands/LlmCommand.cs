using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry llm show|limit|disable|enable|rotate TENANT</c> and <c>llm provider …</c></summary>
internal static class LlmCommand
{
    private const string Already = "is so already";

    public static Command Create(CliHost host) => new("llm", "LLM keys of tenants: what they may spend and have spent.")
    {
        Show(host),
        Limit(host),
        Change(host, "disable", "Have a tenant's LLM keys refused by their provider.", new UpdateLlmRequest(Disabled: true)),
        Change(host, "enable", "Have a tenant's LLM keys accepted again.", new UpdateLlmRequest(Disabled: false)),
        Rotate(host),
        LlmProviderCommand.Create(host),
    };

    private static Command Show(CliHost host)
    {
        var tenant = CommandOptions.Name("tenant", "The tenant.");
        return new Command("show", "Show a tenant's LLM keys, their caps, and what they have spent.") { tenant }.Does(host, async call =>
        {
            var keys = new List<LlmKeyResponse>();
            foreach (var slug in await TenantInstances.ListAsync(call, call.Required(tenant)))
                keys.AddRange(await call.Client.Llm.ListAsync(slug, call.CancellationToken).ToListAsync(call.CancellationToken));
            if (call.Output.Json)
                call.Output.Array(keys);
            else
                Write(call.Output, keys);
        });
    }

    private static void Write(Output output, List<LlmKeyResponse> keys)
    {
        var table = new TextTable("INSTANCE", "SECRET", "PROVIDER", "KEY", "STATE", "LIMIT", "USED", "TODAY", "WEEK", "MONTH", "LEFT", "SEEN") { MayLack = ["SEEN", "PROVIDER", "WEEK", "TODAY", "KEY", "MONTH"] };
        foreach (var key in keys)
        {
            var usage = key.Usage;
            table.Row(
                key.Slug,
                key.Secret,
                key.Provider,
                key.Label ?? "-",
                State(key.State),
                key.Limit is { } limit ? KeyText.Limit(limit, key.Reset) : key.Label is null ? "-" : "none",
                usage is null ? "-" : Used(usage.Percent),
                Dollar(usage?.Daily),
                Dollar(usage?.Weekly),
                Dollar(usage?.Monthly),
                Dollar(usage?.Remaining),
                usage is null ? "not yet" : Words.Time(usage.At));
        }

        table.Write(output, "No LLM keys: the app has no secret of a provider.");
    }

    private static Cell State(string state) => state switch
    {
        "active" => Cell.Good(state),
        "disabled" => Cell.Quiet(state),
        "missing" => Cell.Bad(state),
        "minting" => Cell.Busy(state),
        _ => state,
    };

    private static Cell Used(int percent)
    {
        var text = FormattableString.Invariant($"{percent}%");
        return percent >= 100 ? Cell.Bad(text) : percent >= 80 ? Cell.Busy(text) : Cell.Good(text);
    }

    private static string Dollar(MoneyResponse? money) =>
        money is null ? "-" : "$" + decimal.Parse(money.Amount, System.Globalization.CultureInfo.InvariantCulture).ToString("0.00##", System.Globalization.CultureInfo.InvariantCulture);

    private static Command Limit(CliHost host)
    {
        var limit = CommandOptions.Limit("What its keys may spend, in place of the tier's limit: in cents, or with a dollar sign in dollars.");
        var tier = new Option<bool>("--tier") { Description = "Go back to the limit of its tier." };
        return Verb(host, "limit", "Give a tenant's LLM keys another cap.", [limit, tier], call =>
        {
            if (call.Value(tier) == call.Value(limit) is not null)
                throw new CliException(ExitCode.Usage, "Say what the limit is: --limit CENTS, --limit '$DOLLARS', or --tier for that of its tier.");
            return slug => call.Client.Llm.Update(slug, new UpdateLlmRequest(Limit: call.Value(limit) is { } dollars ? Dollars.Of(dollars) : null, TierLimit: call.Value(tier) ? true : null));
        });
    }

    private static Command Change(CliHost host, string name, string description, UpdateLlmRequest request) =>
        Verb(host, name, description, [], call => slug => call.Client.Llm.Update(slug, request));

    private static Command Rotate(CliHost host) =>
        Verb(host, "rotate", "Give a tenant's instance new LLM keys, and delete the old ones once it has them.", [], call => call.Client.Llm.Rotate);

    private static Command Verb(CliHost host, string name, string description, Option[] options, Func<Call, Func<string, Client.Change<Client.InstanceChange>>> prepare)
    {
        var tenant = CommandOptions.Name("tenant", "The tenant.");
        var slug = new Option<string?>("--slug") { Description = "Which instance, when the tenant has several.", HelpName = "SLUG" };
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        var command = new Command(name, description) { tenant, slug, dryRun, noWait, timeout };
        foreach (var option in options)
            command.Add(option);
        return command.Does(host, async call =>
        {
            var make = prepare(call);
            var change = make(await TenantInstances.OneAsync(call, call.Required(tenant), call.Value(slug)));
            if (!await call.PreviewAsync(call.Value(dryRun), change))
                await call.CarryOutAsync(change, !call.Value(noWait), call.Value(timeout), Already);
        });
    }
}
