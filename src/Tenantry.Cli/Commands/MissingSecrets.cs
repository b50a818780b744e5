using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Commands;

/// <summary>Secrets that a new instance waits for: taken from files, or from the person who is there.</summary>
internal static class MissingSecrets
{
    /// <summary>The values that files hold, by the secret's name. All are read, and known to the app, before anything is changed.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(Call call, string? app, string? release, IReadOnlyDictionary<string, string> files)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (app is null || files.Count == 0)
            return values;
        var manifest = ManifestJson.Read((await call.Client.Apps.GetReleaseAsync(app, release ?? "latest", call.CancellationToken)).Manifest!);
        var declared = manifest.Secrets.Select(s => s.Name).ToList();
        var strange = files.Keys.Where(name => !declared.Contains(name)).ToList();
        if (strange.Count > 0)
        {
            var known = declared.Count == 0 ? "it declares none" : $"it declares {string.Join(", ", declared)}";
            throw new CliException(ExitCode.Usage, $"--secret-file: {app} declares no secret {string.Join(", ", strange)}; {known}.{Nearest.Hint(strange[0], declared)}");
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

        if (missing.Count > 0 && isNeededNow)
        {
            throw new CliException(
                ExitCode.Failed,
                $"{slug} is made and waits for {(missing.Count == 1 ? "the secret" : "the secrets")} {string.Join(", ", missing)}.",
                $"Set each with 'tenantry secret set {slug} NAME', or say --secret-file NAME=FILE when adding.");
        }
    }

    private static Task PutAsync(Call call, string slug, string name, string value) =>
        call.Client.Secrets.Put(slug, name, value).SendAsync(call.CancellationToken);
}
