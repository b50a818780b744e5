using System.Net;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

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
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (request is null || await DeclaredAsync(call, request, files.Count > 0) is not { } declared)
            return values;
        var names = declared.Select(s => s.Name).ToList();
        var strange = files.Keys.Where(name => !names.Contains(name)).ToList();
        if (strange.Count > 0)
        {
            var known = names.Count == 0 ? "it declares none" : $"it declares {string.Join(", ", names)}";
            throw new CliException(ExitCode.Usage, $"--secret-file: {request.App} declares no secret {string.Join(", ", strange)}; {known}.{Nearest.Hint(strange[0], names)}");
        }

        var missing = declared.Where(s => s.Required && s.Generate is null && !files.ContainsKey(s.Name)).Select(s => s.Name).ToList();
        if (isNeededNow && missing.Count > 0 && !call.Output.CanAsk)
        {
            throw new CliException(
                ExitCode.Usage,
                $"{request.App} needs {Named(missing)}, and there is nobody to ask. Nothing was made.",
                $"Say {string.Join(' ', missing.Select(name => $"--secret-file {name}=FILE"))}, or --no-wait to give {(missing.Count == 1 ? "it" : "them")} later.");
        }

        foreach (var (name, file) in files)
            values.Add(name, await SecretCommand.ReadFileAsync(call, name, file));
        return values;
    }

    public static async Task FillAsync(Call call, string slug, IReadOnlyDictionary<string, string> values, bool isNeededNow)
    {
        foreach (var (name, value) in values)
            await PutAsync(call, slug, name, value);

        var missing = new List<string>();
        await foreach (var secret in call.Client.Secrets.ListAsync(slug, call.CancellationToken))
        {
            if (secret.Set || secret.Generated || !secret.Required)
                continue;
            if (call.Output.CanAsk)
                await PutAsync(call, slug, secret.Name, Prompt.Hidden(call.Host, secret.Prompt ?? $"Value of {secret.Name}"));
            else
                missing.Add(secret.Name);
        }

        if (missing.Count == 0)
            return;
        var waits = $"{slug} is made and waits for {Named(missing)}.";
        var fix = $"Set {(missing.Count == 1 ? "it" : "each")} with 'tenantry secret set {slug} {(missing.Count == 1 ? missing[0] : "NAME")}'.";
        // Seldom: a newer release came between the look and the making.
        if (isNeededNow)
            throw new CliException(ExitCode.Failed, waits, fix);
        call.Output.Note($"note: {waits} {fix}");
    }

    // An app or a release that is not there is told by what makes the instance, with the nearest that is.
    private static async Task<IReadOnlyList<SecretDefinition>?> DeclaredAsync(Call call, CreateInstanceRequest request, bool mustBeThere)
    {
        try
        {
            return ManifestJson.Read((await call.Client.Apps.GetReleaseAsync(request.App, request.Release ?? "latest", call.CancellationToken)).Manifest!).Secrets;
        }
        catch (TenantryException unknown) when (unknown.Status == HttpStatusCode.NotFound && !mustBeThere)
        {
            return null;
        }
    }

    private static string Named(IReadOnlyList<string> names) => $"{(names.Count == 1 ? "the secret" : "the secrets")} {string.Join(", ", names)}";

    private static Task PutAsync(Call call, string slug, string name, string value) =>
        call.Client.Secrets.Put(slug, name, value).SendAsync(call.CancellationToken);
}
