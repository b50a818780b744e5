using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Commands.Secrets;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry llm provider set|list|remove</c></summary>
internal static class LlmProviderCommand
{
    public static Command Create(CliHost host) => new("provider", "Who issues LLM keys, and the management key that makes them.")
    {
        Set(host),
        List(host),
        Remove(host),
    };

    private static Command Set(CliHost host)
    {
        var name = CommandOptions.Name("provider", "The provider: openrouter.");
        var file = new Option<string?>("--from-file") { Description = "Take the management key from this file.", HelpName = "FILE" };
        var url = new Option<string?>("--base-url") { Description = "Where its API is; OpenRouter's own unless said.", HelpName = "URL" };
        var poll = CommandOptions.Time("--poll", "Time between two looks at what keys have spent.", TimeSpan.FromMinutes(5));
        var workspace = new Option<string?>("--workspace") { Description = "The provider's workspace in which keys are made; its default when not said.", HelpName = "ID" };
        var keep = new Option<bool>("--keep-key") { Description = "Change the rest and keep the management key." };
        var force = new Option<bool>("--force") { Description = "Change the address or workspace although keys are in use: it is the same account." };
        var dryRun = CommandOptions.DryRun();
        var command = new Command("set", "Set a provider's management key: typed at a prompt, from standard input, or from a file.") { name, file, url, poll, workspace, keep, force, dryRun };
        return command.Does(host, async call =>
        {
            var key = call.Value(keep) ? null : (await SecretInput.ReadAsync(call, $"management key of {call.Required(name)}", call.Value(file))).Trim();
            var request = new PutLlmProviderRequest(key, call.Value(url), call.IsGiven(poll) ? (int)Math.Round(((TimeSpan)call.Value(poll)).TotalSeconds) : null, call.Value(workspace), call.Value(force));
            var change = call.Client.Llm.PutProvider(call.Required(name), request);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var provider = await change.SendAsync(call.CancellationToken);
            if (call.Output.Json)
                call.Output.Value(provider);
            else
                call.Output.Line($"Provider {provider.Name} at {provider.BaseUrl} is set{(key is null ? "" : "; only the engine can read its management key")}.");
        });
    }

    private static Command List(CliHost host) => new Command("list", "List providers.").Does(host, async call =>
    {
        var providers = await call.Client.Llm.ListProvidersAsync(call.CancellationToken).ToListAsync(call.CancellationToken);
        if (call.Output.Json)
        {
            call.Output.Array(providers);
            return;
        }

        var table = new TextTable("PROVIDER", "ADDRESS", "WORKSPACE", "LOOKS EVERY", "KEYS", "CHANGED");
        foreach (var p in providers)
            table.Row(p.Name, p.BaseUrl, p.Workspace.Length > 0 ? p.Workspace : "-", Words.Age(TimeSpan.FromSeconds(p.PollSeconds)), p.Keys.ToString(CultureInfo.InvariantCulture), Words.Time(p.ChangedAt));
        table.Write(call.Output, "No providers. 'tenantry llm provider set openrouter' sets one.");
    });

    private static Command Remove(CliHost host)
    {
        var name = CommandOptions.Name("provider", "The provider.");
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        return new Command("remove", "Forget a provider and its management key. No key of it may be in use.") { name, yes, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Llm.DeleteProvider(call.Required(name));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            Prompt.Confirm(call, call.Value(yes), $"Forget {call.Required(name)} and its management key?");
            await change.SendAsync(call.CancellationToken);
            call.Output.Removed("LLM provider", call.Required(name));
        });
    }
}
