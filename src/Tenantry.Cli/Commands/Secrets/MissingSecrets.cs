using System.Net;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary>Secrets that a new instance waits for: taken from files, or from the person who is there.</summary>
internal static class MissingSecrets
{
    /// <summary>
    /// The values that files hold, by the secret's name. All are read, and known to the app, before anything is changed; and where nobody can be asked
    /// for the others, they are named before too.
    /// </summary>
    /// <param name="call">The invocation.</param>
    /// <param name="request">The instance that is to be made, or null.</param>
    /// <param name="files">Files by the names of secrets.</param>
    /// <param name="isNeededNow">True when the instance is waited for: without its secrets it would not come.</param>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(Call call, CreateInstanceRequest? request, IReadOnlyDictionary<string, string> files, bool isNeededNow)
    {
        if (request is null || await DeclaredAsync(call, request, files.Count > 0) is not { } manifest)
            return new Dictionary<string, string>(StringComparer.Ordinal);
        CheckNames(manifest, files);
        var inherited = await InheritedAsync(call, request, manifest.Secrets);
        var missing = manifest.SecretsToGive(request.OwnLlmKeys).Where(s => !files.ContainsKey(s.Name) && !inherited.Contains(s.Name)).Select(s => s.Name).ToList();
        if (isNeededNow && missing.Count > 0 && !call.Output.CanAsk)
        {
            throw new CliException(
                ExitCode.Usage,
                $"{request.App} needs {Named(missing)}, and there is nobody to ask. Nothing was made.",
                $"Say {string.Join(' ', missing.Select(name => $"--secret-file {name}=FILE"))}, or --no-wait to give {(missing.Count == 1 ? "it" : "them")} later.");
        }

        return await FromFilesAsync(call, manifest, files);
    }

    /// <summary>The values that files hold, by the secret's name; every one is declared by the app.</summary>
    public static async Task<Dictionary<string, string>> FromFilesAsync(Call call, Manifest manifest, IReadOnlyDictionary<string, string> files)
    {
        CheckNames(manifest, files);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, file) in files)
            values.Add(name, await SecretInput.ReadFileAsync(call, name, file));
        return values;
    }

    private static void CheckNames(Manifest manifest, IReadOnlyDictionary<string, string> files)
    {
        var names = manifest.Secrets.Select(s => s.Name).ToList();
        var strange = files.Keys.Where(name => !names.Contains(name)).ToList();
        if (strange.Count == 0)
            return;
        var known = names.Count == 0 ? "it declares none" : $"it declares {string.Join(", ", names)}";
        throw new CliException(ExitCode.Usage, $"--secret-file: {manifest.App} declares no secret {string.Join(", ", strange)}; {known}.{Nearest.Hint(strange[0], names)}");
    }

    /// <summary>Gives an instance its values at once, and asks for those that it waits for.</summary>
    /// <param name="call">The invocation.</param>
    /// <param name="slug">The instance.</param>
    /// <param name="values">Values by the secrets' names.</param>
    /// <param name="isNeededNow">True when the instance is waited for.</param>
    /// <param name="own">Names of values that are this instance's alone although the manifest keeps the secret for an app or an organization.</param>
    public static async Task FillAsync(Call call, string slug, IReadOnlyDictionary<string, string> values, bool isNeededNow, IReadOnlySet<string>? own = null)
    {
        var missing = new List<SecretResponse>();
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        var scopes = new Dictionary<string, SecretScope>(StringComparer.Ordinal);
        foreach (var secret in await call.Client.Secrets.ListAsync(slug, call.CancellationToken).ToListAsync(call.CancellationToken))
        {
            if (values.TryGetValue(secret.Name, out var value))
                given.Add(secret.Name, value);
            else if (secret.Set || secret.Generated || secret.Provider is not null || !secret.Required || secret.Upcoming)
                continue;
            else if (call.Output.CanAsk)
                given.Add(secret.Name, await AskAsync(call, slug, secret));
            else
                missing.Add(secret);

            scopes.Add(secret.Name, LevelOf(secret, own?.Contains(secret.Name) == true));
        }

        // All at once, so that an instance that runs is restarted once.
        if (given.Count > 0)
            await call.Client.Secrets.PutAll(SecretsOf.Instance(slug), given, scopes).SendAsync(call.CancellationToken);
        if (missing.Count == 0)
            return;
        var waits = $"{slug} is made and waits for {Named([.. missing.Select(secret => secret.Name)])}.";
        var fix = $"Set {(missing.Count == 1 ? "it" : "them")} with {string.Join(", ", missing.Select(secret => $"'{new SecretDefinition { Name = secret.Name, Scope = secret.Scope }.SetCommand(slug)}'"))}.";
        // Seldom: a newer release came between the look and the making.
        if (isNeededNow)
            throw new CliException(ExitCode.Failed, waits, fix);
        call.Output.Note($"note: {waits} {fix}");
    }

    // What nobody has is given where the manifest keeps it. What other tenants share stays, and this instance gets one of its own.
    private static SecretScope LevelOf(SecretResponse secret, bool isOwn) => secret switch
    {
        { From: >= SecretScope.Tenant and { } present } => present,
        { Set: true } => SecretScope.Instance,
        { Scope: < SecretScope.Tenant } when isOwn => SecretScope.Instance,
        _ => secret.Scope,
    };

    private static async Task<string> AskAsync(Call call, string slug, SecretResponse secret)
    {
        var whole = await call.Client.Secrets.GetAsync(SecretsOf.Instance(slug), secret.Name, call.CancellationToken);
        return SecretInput.Ask(call.Host, new SecretDefinition { Name = secret.Name, Prompt = secret.Prompt, Pattern = whole.Pattern });
    }

    // An app or a release that is not there is told by what makes the instance, with the nearest that is.
    private static async Task<Manifest?> DeclaredAsync(Call call, CreateInstanceRequest request, bool mustBeThere)
    {
        try
        {
            return ManifestJson.Read((await call.Client.Apps.GetReleaseAsync(request.App, request.Release ?? "latest", call.CancellationToken)).Manifest!);
        }
        catch (TenantryException unknown) when (unknown.Status == HttpStatusCode.NotFound && !mustBeThere)
        {
            return null;
        }
    }

    private static string Named(IReadOnlyList<string> names) => $"{(names.Count == 1 ? "the secret" : "the secrets")} {string.Join(", ", names)}";

    // Values that wider levels have already: a tenant that is not there yet has none of its own.
    public static async Task<HashSet<string>> InheritedAsync(Call call, CreateInstanceRequest request, IReadOnlyList<SecretDefinition> declared)
    {
        var set = new HashSet<string>(StringComparer.Ordinal);
        if (declared.All(secret => secret.Scope == SecretScope.Instance))
            return set;
        foreach (var of in new[] { SecretsOf.App(request.App, request.Tenant), SecretsOf.App(request.App, organization: request.NewTenant?.Organization ?? "default"), SecretsOf.App(request.App) })
        {
            try
            {
                set.UnionWith(await call.Client.Secrets.ListAsync(of, call.CancellationToken).Where(secret => secret.Set).Select(secret => secret.Name).ToListAsync(call.CancellationToken));
                return set;
            }
            catch (TenantryException unknown) when (unknown.Status == HttpStatusCode.NotFound)
            {
                // Not there yet: the next wider level is asked.
            }
        }

        return set;
    }
}
