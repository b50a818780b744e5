using System.Net;
using System.Text.Json;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;
using Tenantry.Targets.Ranges;

namespace Tenantry.Cli.Importing;

/// <summary>A workspace that somebody has, read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Environment">Its environment.</param>
/// <param name="Slug">A slug of its own, or null.</param>
/// <param name="Network">Its range.</param>
/// <param name="Resources">How many its state holds.</param>
/// <param name="Adopt">State and variables when it was made with Tenantry's module set, else null.</param>
internal sealed record TerraformWorkspace(string Name, string Tenant, string Environment, string? Slug, IPNetwork Network, int Resources, AdoptRequest? Adopt);

/// <summary>Reads workspaces and finds every mistake in them. Pure.</summary>
internal static class TerraformWorkspaces
{
    private const string OwnService = "module.service";

    /// <summary>What a workspace is, or null with its mistakes told.</summary>
    public static TerraformWorkspace? Read(string name, string state, TerraformVariables? variables, List<ProblemError> mistakes)
    {
        var before = mistakes.Count;
        void Mistake(string message, string? key = null) => mistakes.Add(new ProblemError($"workspace {name}", message, variables?.File, key is not null && variables!.Lines.TryGetValue(key, out var line) ? line : null));
        foreach (var (line, message) in variables?.Mistakes ?? [])
            mistakes.Add(new ProblemError($"workspace {name}", message, variables!.File, line));
        var seen = Seen(state, Mistake);
        var client = variables?.First("client", "client_name", "tenant", "tenant_name")?.Value;
        var environment = variables?.First("environment", "env")?.Value;
        var at = name.LastIndexOf('-');
        environment ??= client is not null && name.StartsWith(client + "-", StringComparison.Ordinal) ? name[(client.Length + 1)..] : at > 0 ? name[(at + 1)..] : Model.Naming.Slug.DefaultEnvironment;
        var stem = variables?.First("stem")?.Value;
        client ??= name.EndsWith("-" + environment, StringComparison.Ordinal) ? name[..^(environment.Length + 1)] : name;
        if (name != $"{stem ?? client}-{environment}")
            Mistake($"Its variables are of '{stem ?? client}-{environment}': the workspace '{name}' would be changed with another one's.");
        Check(NameKind.Tenant, client, "tenant", Mistake);
        Check(NameKind.Environment, environment, "environment", Mistake);
        var network = Network(name, seen.Network, variables, Mistake);
        if (seen.IsOwn && variables?.Json is null)
            Mistake($"It was made with Tenantry's module set, and its file of variables, {name}.tfvars.json, was not found beside it or in environments/.");
        if (mistakes.Count > before)
            return null;
        var slug = stem is null || stem == client ? null : environment == Model.Naming.Slug.DefaultEnvironment ? stem : $"{stem}-{environment}";
        return new TerraformWorkspace(name, client, environment, slug, network!.Value, seen.Resources, seen.IsOwn ? new AdoptRequest(Compact(state), Compact(variables!.Json!)) : null);
    }

    /// <summary>Finds workspaces whose networks overlap with each other's.</summary>
    public static void CheckNetworks(IReadOnlyList<TerraformWorkspace> all, List<ProblemError> mistakes)
    {
        for (var i = 0; i < all.Count; i++)
        {
            for (var j = i + 1; j < all.Count; j++)
            {
                if (RangePicker.Overlap(all[i].Network, all[j].Network))
                    mistakes.Add(new ProblemError($"workspace {all[j].Name}", $"Its network {all[j].Network} overlaps with {all[i].Network} of {all[i].Name}."));
            }
        }
    }

    private static void Check(NameKind kind, string name, string what, Action<string, string?> mistake)
    {
        if (NamingRules.Check(kind, name) is { } problem)
            mistake($"'{name}' cannot be the name of its {what}: {problem.Message}", null);
    }

    private static IPNetwork? Network(string name, string? seen, TerraformVariables? variables, Action<string, string?> mistake)
    {
        var said = variables?.First("network.cidr", "vpc_cidr", "cidr", "vpc_cidr_block", "cidr_block");
        if (said is { } one && !IPNetwork.TryParse(one.Value, out _))
        {
            mistake($"'{one.Value}' is no network.", one.Name);
            return null;
        }

        if (said is { } two && seen is not null && two.Value != seen)
        {
            mistake($"Its variables say {two.Value}, and its network is {seen}.", two.Name);
            return null;
        }

        if (IPNetwork.TryParse(said?.Value ?? seen, out var network))
            return network;
        mistake($"No network was found, neither in its state nor in a file {name}.tfvars or {name}.tfvars.json.", null);
        return null;
    }

    private static (bool IsOwn, int Resources, string? Network) Seen(string state, Action<string, string?> mistake)
    {
        if (state.Length == 0)
            return (false, 0, null);
        try
        {
            using var json = JsonDocument.Parse(state);
            var (isOwn, count, network) = (false, 0, (string?)null);
            foreach (var resource in json.RootElement.GetProperty("resources").EnumerateArray().Where(resource => resource.GetProperty("mode").GetString() == "managed"))
            {
                var instances = resource.GetProperty("instances");
                count += instances.GetArrayLength();
                var type = resource.GetProperty("type").GetString();
                isOwn |= type == "aws_ecs_service" && resource.TryGetProperty("module", out var module) && module.GetString() == OwnService;
                if (type == "aws_vpc" && network is null && instances.GetArrayLength() == 1 && instances[0].GetProperty("attributes").TryGetProperty("cidr_block", out var range))
                    network = range.GetString();
            }

            return (isOwn && json.RootElement.GetProperty("outputs").TryGetProperty("record", out _), count, network);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            mistake($"Its state cannot be read: {wrong.Message}", null);
            return (false, 0, null);
        }
    }

    private static string Compact(string json)
    {
        using var read = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(read.RootElement);
    }
}
