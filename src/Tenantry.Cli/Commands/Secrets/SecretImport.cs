using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Manifests.Importing;
using Tenantry.Model.Wire;
using Tenantry.Server.Secrets;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret import SLUG -f FILE</c>: an env file, or what <c>secret export</c> wrote.</summary>
internal static class SecretImport
{
    private const string SealedFormat = "tenantry-secrets/1";

    public static Command Create(CliHost host)
    {
        var command = new Command("import", "Set several secrets at once, all or none: from an env file, or from a sealed export.");
        var which = SecretArguments.OfAll(command, hasScope: true);
        var file = new Option<string>("--file", "-f") { Description = "An env file (NAME=VALUE a line, by the secrets' or their variables' names), or a sealed export; - is standard input.", HelpName = "FILE", Required = true };
        var key = new Option<string?>("--key") { Description = "The private key that a sealed export was made for, in PEM.", HelpName = "FILE" };
        var passOver = new Option<bool>("--ignore-unknown") { Description = "Pass over names that the app does not declare, instead of refusing them." };
        var dryRun = CommandOptions.DryRun();
        foreach (var option in new Option[] { file, key, passOver, dryRun })
            command.Add(option);
        var taking = SecretTaking.AddTo(command);
        return command.Does(host, async call =>
        {
            var choice = which.Read(call);
            var path = call.Value(file)!;
            var text = path == "-" ? await call.Host.In.ReadToEndAsync(call.CancellationToken) : await SecretInput.ReadTextAsync(call, "Secrets", path);
            var declared = await DeclaredAsync(call, choice);
            var found = text.TrimStart().StartsWith('{')
                ? Meant(call, choice, which.Level(call), declared, Unsealed(path, text, call.Value(key) is { } pem ? await SecretInput.ReadTextAsync(call, "The private key", pem) : null))
                : Variables(path, text);
            var values = Known(found, declared, path, call.Value(passOver));
            var change = call.Client.Secrets.PutAll(choice.Of, values);
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var written = (await change.SendAsync(call.CancellationToken)).Items;
            if (!call.Output.Json)
                call.Output.Line($"Set {string.Join(", ", written.Select(one => one.Name))} of {choice.Shown}.");
            var users = written.SelectMany(one => one.UsedBy).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            await taking.WaitAsync(call, new TakenSecrets(choice.Of, [.. written.Select(one => one.Name)], [.. users]));
            if (call.Output.Json)
                call.Output.Array(written);
        });
    }

    // An export has what was in force, of shared levels too: for one instance those are left where they are kept. A key that a provider made for one instance is no other's:
    // they would share its limit, and lose it together.
    private static Dictionary<string, string> Meant(
        Call call, SecretChoice choice, SecretScope? level, IReadOnlyList<SecretDetailResponse> declared, IReadOnlyList<(string Name, SecretScope Scope, string Value)> export)
    {
        if (export.Where(one => declared.Any(secret => secret.Name == one.Name && secret is { Provider: not null, Generated: true })).ToList() is { Count: > 0 } issued)
        {
            call.Output.Note($"note: {string.Join(", ", issued.Select(one => one.Name))} passed over: {choice.Shown} has its own from the provider. 'tenantry secret set' gives another one.");
            export = [.. export.Except(issued)];
        }

        bool IsMeant((string Name, SecretScope Scope, string Value) one) =>
            choice.Slug is null ? declared.Any(secret => secret.Name == one.Name) : level is not null || one.Scope >= SecretScope.Tenant;
        if (export.Where(one => !IsMeant(one)).Select(one => one.Name).ToList() is { Count: > 0 } others)
        {
            call.Output.Note(choice.Slug is null
                ? $"note: {string.Join(", ", others)} passed over: not kept for {choice.Shown}."
                : $"note: {string.Join(", ", others)} passed over: shared with other tenants. --scope instance imports such values for {choice.Slug} alone, --app APP for all.");
        }

        return export.Where(IsMeant).ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
    }

    private static async Task<IReadOnlyList<SecretDetailResponse>> DeclaredAsync(Call call, SecretChoice choice)
    {
        var all = new List<SecretDetailResponse>();
        await foreach (var secret in call.Client.Secrets.ListAsync(choice.Of, call.CancellationToken))
            all.Add(await call.Client.Secrets.GetAsync(choice.Of, secret.Name, call.CancellationToken));
        return all;
    }

    // By the secret's own name, by its variable, or by its name as variables are written.
    private static Dictionary<string, string> Known(IReadOnlyDictionary<string, string> found, IReadOnlyList<SecretDetailResponse> declared, string path, bool passOver)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var strange = new List<string>();
        foreach (var (name, value) in found)
        {
            var secret = declared.FirstOrDefault(one => one.Name == name || one.Env == name || one.Name.ToUpperInvariant().Replace('-', '_') == name);
            if (secret is null)
                strange.Add(name);
            else if (!values.TryAdd(secret.Name, value))
                throw new CliException(ExitCode.Usage, $"{path} has two values for the secret {secret.Name}. Nothing was changed.");
        }

        if (strange.Count > 0 && !passOver)
        {
            throw new CliException(
                ExitCode.Usage,
                $"{path}: the app declares no secret for {string.Join(", ", strange)}. Nothing was changed.{Nearest.Hint(strange[0], declared.Select(one => one.Name))}",
                "--ignore-unknown passes over them.");
        }

        return values.Count > 0 ? values : throw new CliException(ExitCode.Usage, $"{path} has no value for a secret of the app. Nothing was changed.");
    }

    private static IReadOnlyDictionary<string, string> Variables(string path, string text)
    {
        try
        {
            // A dollar sign in a secret is a dollar sign.
            return EnvFile.Read(text, literal: true);
        }
        catch (EnvFileException wrong)
        {
            throw new CliException(ExitCode.Usage, $"{path}:{wrong.Line}: {wrong.Message} Nothing was changed.");
        }
    }

    private static List<(string Name, SecretScope Scope, string Value)> Unsealed(string path, string text, string? pem)
    {
        if (pem is null)
            throw new CliException(ExitCode.Usage, $"{path} is sealed.", "Say with --key FILE where the private key is that it was made for.");
        try
        {
            var export = JsonSerializer.Deserialize<ExportSecretsResponse>(text, WireJson.Options)!;
            if (export.Format != SealedFormat)
                throw new CliException(ExitCode.Usage, $"{path} is not of the form {SealedFormat}.");
            using var key = ECDiffieHellman.Create();
            key.ImportFromPem(pem);
            return [.. export.Secrets.Select(one => (one.Name, one.Scope, SecretSealer.Open(key, ExportedSecret.Context(export.App, one.Name), Convert.FromBase64String(one.Sealed))))];
        }
        catch (JsonException)
        {
            throw new CliException(ExitCode.Usage, $"{path} is neither an env file nor a sealed export.");
        }
        catch (Exception closed) when (closed is CryptographicException or ArgumentException or FormatException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be opened with this key: it was sealed to another one, or was changed. Nothing was changed.");
        }
    }
}
