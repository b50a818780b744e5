using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary>Which secret a command is about: <c>SLUG NAME [--scope LEVEL]</c>, or <c>NAME --app APP [--tenant T | --organization O]</c>.</summary>
internal sealed class SecretArguments
{
    private readonly bool _isNamed;
    private readonly Argument<string?> _slug = new("SLUG") { Description = "The instance, by its slug; left out with --app.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Argument<string?> _name = new("NAME") { Description = "The secret, as the manifest names it.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<SecretScope?> _scope = new("--scope") { Description = "The level whose value is meant: app, organization, tenant or instance.", HelpName = "LEVEL" };
    private readonly Option<string?> _app = new("--app") { Description = "The values that this app's instances share, instead of an instance's.", HelpName = "APP" };
    private readonly Option<string?> _tenant = new("--tenant") { Description = "With --app: those that are kept for this tenant.", HelpName = "NAME" };
    private readonly Option<string?> _organization = new("--organization") { Description = "With --app: those that are kept for this organization.", HelpName = "NAME" };

    private SecretArguments(bool isNamed) => _isNamed = isNamed;

    /// <summary>Adds what says one secret to a command.</summary>
    public static SecretArguments OfOne(Command command) => new SecretArguments(isNamed: true).AddTo(command, hasScope: true);

    /// <summary>Adds what says all secrets of a holder.</summary>
    public static SecretArguments OfAll(Command command, bool hasScope) => new SecretArguments(isNamed: false).AddTo(command, hasScope);

    /// <summary>What was said.</summary>
    /// <exception cref="CliException">It does not fit together.</exception>
    public SecretChoice Read(Call call)
    {
        var (slug, name, app) = (call.Value(_slug), _isNamed ? call.Value(_name) : null, call.Value(_app));
        if (app is null)
        {
            if (call.Value(_tenant) is not null || call.Value(_organization) is not null)
                throw new CliException(ExitCode.Usage, "--tenant and --organization say whose values of an app are meant: name it with --app APP.");
            return slug is null || (_isNamed && name is null)
                ? throw new CliException(ExitCode.Usage, $"Say the instance{(_isNamed ? " and the secret: SLUG NAME" : ": SLUG")}. --app APP means the values that an app's instances share.")
                : new(SecretsOf.Instance(slug, call.Value(_scope)), name ?? "", slug, slug);
        }

        if (call.Value(_scope) is not null)
            throw new CliException(ExitCode.Usage, "--scope is for an instance; with --app the level is said by --tenant or --organization, or is the app.");
        if (_isNamed ? slug is null || name is not null : slug is not null)
            throw new CliException(ExitCode.Usage, _isNamed ? "With --app the secret alone is named: NAME --app APP." : "--app and an instance exclude each other.");
        var (tenant, organization) = (call.Value(_tenant), call.Value(_organization));
        var shown = tenant is not null ? $"{app} for tenant {tenant}" : organization is not null ? $"{app} for organization {organization}" : $"app {app}";
        return new(SecretsOf.App(app, tenant, organization), slug ?? "", shown, null);
    }

    /// <summary>The level that was said, or null.</summary>
    public SecretScope? Level(Call call) => call.Value(_scope);

    private SecretArguments AddTo(Command command, bool hasScope)
    {
        command.Add(_slug);
        if (_isNamed)
            command.Add(_name);
        if (hasScope)
            command.Add(_scope);
        command.Add(_app);
        command.Add(_tenant);
        command.Add(_organization);
        return this;
    }
}

/// <summary>One secret, or all of a holder.</summary>
/// <param name="Of">Whose.</param>
/// <param name="Name">Empty for all.</param>
/// <param name="Shown">Whose, for a person.</param>
/// <param name="Slug">The instance, or null.</param>
internal sealed record SecretChoice(SecretsOf Of, string Name, string Shown, string? Slug);
