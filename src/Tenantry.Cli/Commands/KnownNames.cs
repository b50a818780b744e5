using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.CompilerServices;
using Tenantry.Client;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary>Names that the control plane knows, for the option or argument that a person is about to fill.</summary>
internal static class KnownNames
{
    public static IAsyncEnumerable<string> OfOption(TenantryClient client, ParseResult parsed, string option, CancellationToken cancellationToken) => (option, parsed.CommandResult.Command.Name) switch
    {
        // What is new has no name yet that could be offered.
        ("--slug", "add") or ("--app", "compose") => AsyncEnumerable.Empty<string>(),
        ("--slug" or "--instance", _) => Slugs(client, parsed, cancellationToken),
        ("--app", _) => client.Apps.ListAsync(cancellationToken).Select(a => a.Name),
        ("--tenant", _) => client.Tenants.ListAsync(cancellationToken).Select(t => t.Name),
        ("--target", _) => client.Targets.ListAsync(cancellationToken).Select(t => t.Name),
        ("--tier", _) => FromManifestAsync(client, parsed, manifest => manifest.Tiers.Select(t => t.Name), cancellationToken),
        ("--service", _) => FromManifestAsync(client, parsed, manifest => manifest.Services.Select(s => s.Name), cancellationToken),
        ("--release", _) => ReleasesAsync(client, parsed, cancellationToken),
        _ => AsyncEnumerable.Empty<string>(),
    };

    public static IAsyncEnumerable<string> OfArgument(TenantryClient client, ParseResult parsed, string argument, CancellationToken cancellationToken) =>
        (argument, (parsed.CommandResult.Parent as CommandResult)?.Command.Name) switch
        {
            ("SLUG", "secret") when Given(parsed, "--app") is { } app => client.Secrets.ListAsync(SecretsOf.App(app, Given(parsed, "--tenant"), Given(parsed, "--organization")), cancellationToken).Select(s => s.Name),
            ("SLUG", _) => client.Instances.ListAsync(cancellationToken: cancellationToken).Select(i => i.Slug),
            ("APP", _) => client.Apps.ListAsync(cancellationToken).Select(a => a.Name),
            ("NAME", "tenant") => client.Tenants.ListAsync(cancellationToken).Select(t => t.Name),
            ("NAME", "target") => client.Targets.ListAsync(cancellationToken).Select(t => t.Name),
            ("NAME", "secret") when First(parsed, "SLUG") is { } slug => client.Secrets.ListAsync(slug, cancellationToken).Select(s => s.Name),
            _ => AsyncEnumerable.Empty<string>(),
        };

    private static IAsyncEnumerable<string> Slugs(TenantryClient client, ParseResult parsed, CancellationToken cancellationToken) =>
        client.Instances.ListAsync(new(Tenant: First(parsed, "NAME")), cancellationToken).Select(i => i.Slug);

    private static async IAsyncEnumerable<string> ReleasesAsync(TenantryClient client, ParseResult parsed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return "latest";
        if (await AppAsync(client, parsed, cancellationToken) is not (var app, _))
            yield break;
        await foreach (var release in client.Apps.ListReleasesAsync(app, cancellationToken))
            yield return release.Id;
    }

    private static async IAsyncEnumerable<string> FromManifestAsync(
        TenantryClient client, ParseResult parsed, Func<Manifest, IEnumerable<string>> names, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await AppAsync(client, parsed, cancellationToken) is not (var app, var release))
            yield break;
        foreach (var name in names(ManifestJson.Read((await client.Apps.GetReleaseAsync(app, release, cancellationToken)).Manifest!)))
            yield return name;
    }

    // The app that the line is about: named, or that of its instance or tenant.
    private static async Task<(string App, string Release)?> AppAsync(TenantryClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (Given(parsed, "--app") is { } app)
            return (app, Given(parsed, "--release") ?? "latest");
        InstanceResponse? instance = null;
        if ((First(parsed, "SLUG") ?? Given(parsed, "--slug")) is { } slug)
            instance = await client.Instances.FindAsync(slug, cancellationToken);
        else if (First(parsed, "NAME") is { } tenant)
            instance = await client.Instances.ListAsync(new(Tenant: tenant), cancellationToken).FirstOrDefaultAsync(cancellationToken);
        return instance is null ? null : (instance.App, instance.Release);
    }

    private static string? Given(ParseResult parsed, string option) =>
        parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(o => o.Option.Name == option)?.Tokens.FirstOrDefault()?.Value;

    private static string? First(ParseResult parsed, string argument) =>
        parsed.CommandResult.Children.OfType<ArgumentResult>().FirstOrDefault(a => a.Argument.Name == argument)?.Tokens.FirstOrDefault()?.Value;
}
