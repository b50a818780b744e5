using Tenantry.Model.Manifests.Drafting;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Importing;

/// <summary>Reads a Compose file with a service for each tenant into one app and its tenants. Pure: what it needs to read is handed in.</summary>
public static class ComposeImporter
{
    /// <summary>Reads it.</summary>
    /// <param name="text">The Compose file.</param>
    /// <param name="folder">The folder that it is in.</param>
    /// <param name="app">The app's name, or null for the image's.</param>
    /// <param name="read">The text of a file of the host by its path as the Compose file writes it, or null.</param>
    /// <param name="variable">The value of a variable of Compose's own, from the environment or the file <c>.env</c>, or null.</param>
    /// <exception cref="ComposeImportException">There is no tenant in it, or it is no Compose file, or a variable is not set that must be.</exception>
    public static ComposeImport Read(string text, IFolderView folder, string? app, Func<string, string?> read, Func<string, string?> variable)
    {
        var notes = new List<ImportNote>();
        var variables = new ComposeVariables(variable, notes);
        var tenants = TenantService.Find(variables.Resolve(Services(text)), notes);
        if (tenants.Count == 0)
            throw new ComposeImportException(1, "No service is a tenant's: none has a label that ends in '.tenant', and none has an image.");
        foreach (var tenant in tenants)
            tenant.Read(folder, read, variables.Secrets, notes);
        var (common, tiers) = Merge(tenants, notes);
        common.Name = app ?? (tenants[0].Service.Image is { } image ? image.Split('/')[^1].Split(':', '@')[0] : folder.Name);
        common.Egress = "internet";
        notes.Add(new ImportNote(1, "Containers of Compose reach everything; here egress is 'internet', without private networks. Narrow it where the app allows."));
        return new ComposeImport(
            new DraftText(common, folder.Name, ["a Compose file"], []).ToString(),
            [.. tenants.Select(tenant => new ImportedTenant(
                tenant.Name, tenant.Key.Text, tenant.Key.Start.Line, Compose.Text(tenant.Keys, "container_name"), tiers[tenant.Limits], tenant.Features, tenant.Secrets, tenant.Volumes, [.. tenant.Service.Files.Keys]))],
            [.. notes.Distinct().OrderBy(note => note.Line)]);
    }

    private static YamlMapping Services(string text)
    {
        try
        {
            return YamlTree.Parse(text) is YamlMapping root && root.Find("services") is YamlMapping { Entries.Count: > 0 } services
                ? services
                : throw new ComposeImportException(1, "There are no services in it.");
        }
        catch (YamlSyntaxException wrong)
        {
            throw new ComposeImportException(wrong.Line, wrong.Message);
        }
    }

    private static (Draft Common, Dictionary<DraftTier, string> Tiers) Merge(IReadOnlyList<TenantService> tenants, List<ImportNote> notes)
    {
        var common = tenants[0].Draft;
        var service = tenants[0].Service;
        common.Services.Add(service);
        foreach (var tenant in tenants)
        {
            common.SecretVariables.UnionWith(tenant.Draft.SecretVariables);
            common.FileSecrets.UnionWith(tenant.Draft.FileSecrets);
            Compare(tenant, service, notes);
        }

        MakeFeatures(tenants, common, service);

        // A secret that not every tenant has must not keep the others from starting.
        common.OptionalSecrets.UnionWith(tenants.SelectMany(tenant => tenant.Secrets.Keys).Distinct(StringComparer.Ordinal).Where(name => tenants.Any(tenant => !tenant.Secrets.ContainsKey(name))));
        common.OptionalSecrets.UnionWith(common.SecretVariables.Select(SecretGuess.NameOf).Where(name => tenants.All(tenant => !tenant.Secrets.ContainsKey(name))));
        var tiers = new Dictionary<DraftTier, string>();
        foreach (var group in tenants.GroupBy(tenant => tenant.Limits).OrderByDescending(group => group.Count()))
        {
            tiers[group.Key] = tiers.Count == 0 ? TierDefinition.DefaultName : $"size-{tiers.Count + 1}";
            common.Tiers[tiers[group.Key]] = group.Key;
        }

        return (common, tiers);
    }

    private static void Compare(TenantService tenant, DraftService common, List<ImportNote> notes)
    {
        void Same(string key, string? theirs, string? ours)
        {
            if (theirs != ours)
                notes.Add(new ImportNote((tenant.Keys.GetValueOrDefault(key) ?? tenant.Key).Start.Line, $"'{key}' of '{tenant.Key.Text}' is '{theirs}'; it gets that of the others: '{ours}'."));
        }

        Same("image", tenant.Service.Image, common.Image);
        Same("command", string.Join(' ', tenant.Service.Command), string.Join(' ', common.Command));
        Same("user", tenant.Service.User, common.User);
        Same("working_dir", tenant.Service.WorkingDirectory, common.WorkingDirectory);
        foreach (var (volume, path) in tenant.Service.Volumes)
            common.Volumes.TryAdd(volume, path);
        foreach (var (path, secret) in tenant.Service.Files)
            common.Files.TryAdd(path, secret);
        foreach (var port in tenant.Service.Ports.Where(port => !common.Ports.Exists(one => one.Number == port.Number)).ToList())
            common.Ports.Add(port);
        common.Health ??= tenant.Service.Health;
    }

    // A variable in which tenants differ becomes a feature: a value that each tenant has of its own.
    private static void MakeFeatures(IReadOnlyList<TenantService> tenants, Draft common, DraftService service)
    {
        var values = tenants.Select(tenant => tenant.Service.Env.ToDictionary(StringComparer.Ordinal)).ToList();
        foreach (var name in values.SelectMany(env => env.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList())
        {
            var all = values.Select(env => env.GetValueOrDefault(name, "")).ToList();
            if (all.All(value => value == all[0]))
                continue;
            var feature = name.TrimStart('_').ToLowerInvariant();
            common.Features[feature] = Plain(all[0]);
            service.Env[name] = $"${{feature.{feature}}}";
            for (var i = 0; i < tenants.Count; i++)
                tenants[i].Features[feature] = Plain(all[i]).Replace("${tenant.name}", tenants[i].Name, StringComparison.Ordinal);
        }
    }

    private static string Plain(string escaped) => escaped.Replace("$${", "${", StringComparison.Ordinal);
}
