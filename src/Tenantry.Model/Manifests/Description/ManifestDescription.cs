using System.Globalization;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Description;

/// <summary>The one description of <c>tenantry.yaml</c>. Reading, the JSON schema and the reference in the docs all come from it.</summary>
internal static class ManifestDescription
{
    /// <summary>The version of the format itself.</summary>
    public const int FormatVersion = 1;

    private static readonly Shape<int> Format = new TextShape<int>(
        "1",
        t => t is { IsPlain: true, Text: "1" } ? Parsed<int>.Ok(FormatVersion)
            : Parsed<int>.Wrong(int.TryParse(t.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > FormatVersion
                ? $"The file is of format version {version}; this Tenantry reads version {FormatVersion}. Use a newer one." : ""),
        () => new JsonObject { ["const"] = FormatVersion }, _ => null);

    private static readonly Shape<BuildDefinition> Build = new ObjectShape<BuildDefinition>("a mapping that describes a build", new())
        .Key("inputs", new ListShape<string>(PathValues.Glob, "globs", minimum: 1), b => b.Inputs, (b, v) => b with { Inputs = v },
            "Globs of the files that the build reads; a leading ! takes away. Unchanged files mean no build.")
        .Optional("command", Commands.Shell, (b, v) => b with { Command = v }, "Shell text, or a list of program and arguments, run in a copy of the inputs. Without it, the inputs are the output.")
        .Optional("dockerfile", PathValues.Relative, (b, v) => b with { Dockerfile = v }, "Dockerfile that makes the image, for targets that run containers.")
        .Key("output", PathValues.Relative, b => b.Output, (b, v) => b with { Output = v }, "Folder of the build that every instance sees, read-only, at /app.")
        .Optional("env", ServiceDescription.Env, (b, v) => b with { Env = v }, "Environment variables of the build. No references: a release is the same for all tenants.");

    private static readonly Shape<GeneratedSecret> Generate = new TextShape<GeneratedSecret>(
        "token, token(BYTES), password, password(LENGTH) or keypair", SecretChecks.Generate,
        () => new JsonObject { ["type"] = "string", ["pattern"] = @"^(token|password)(\([0-9]{1,4}\))?$|^keypair$" }, _ => null);

    private static readonly Shape<SecretDefinition> Secret = new ObjectShape<SecretDefinition>("a mapping that describes a secret", new() { Name = "" })
        .Key("required", Values.Flag, s => s.Required, (s, v) => s with { Required = v }, "Whether an instance waits until the secret has a value.")
        .Optional("generate", Generate, (s, v) => s with { Generate = v }, "What Tenantry makes when nobody sets a value: random bytes in hexadecimal (32 unless said), a password (24 characters unless said), or a key pair.")
        .Optional("env", Values.VariableName, (s, v) => s with { Env = v }, "Variable that also holds the value, in every service.")
        .Optional("prompt", Values.Line, (s, v) => s with { Prompt = v }, "What a person is asked for.")
        .Optional("pattern", Values.Checked("a regular expression", "string", null, SecretChecks.Pattern), (s, v) => s with { Pattern = v }, "Regular expression that the whole value must match.")
        .Optional("provider", Values.Matching("a provider's name such as openrouter", NamingRules.Pattern), (s, v) => s with { Provider = v }, "Name of the provider that issues the value, such as openrouter for an LLM key.")
        .Key("scope", Values.Word<SecretScope>(), s => s.Scope, (s, v) => s with { Scope = v }, "Widest level at which a value may be kept; the nearest value wins.")
        .Finish(SecretChecks.Secret);

    private static readonly Shape<EgressPolicy> Egress = new ChoiceShape<EgressPolicy>(
        text: new TextShape<EgressPolicy>("none or internet", EgressChecks.Word, () => new JsonObject { ["enum"] = new JsonArray("none", "internet") }, policy => policy?.Mode == EgressMode.None ? "none" : null),
        list: new MappedShape<IReadOnlyList<EgressRule>, EgressPolicy>(
            new ListShape<EgressRule>(
                new TextShape<EgressRule>("a host or network such as api.example.com:443 or 10.1.0.0/16", EgressChecks.Rule, () => new JsonObject { ["type"] = "string" }, _ => null),
                "hosts and networks", minimum: 1),
            rules => new EgressPolicy { Mode = EgressMode.Listed, Allow = rules }));

    private static readonly Shape<FeatureDefinition> Feature = new ChoiceShape<FeatureDefinition>(
        text: new TextShape<FeatureDefinition>("a default value", FeatureChecks.Short, () => new JsonObject { ["type"] = new JsonArray("boolean", "number", "string") }, _ => null),
        mapping: new ObjectShape<FeatureDefinition>("a mapping with the keys type and default", new() { Name = "", Type = FeatureType.Bool, Default = "" })
            .Required("type", Values.Word<FeatureType>(), (f, v) => f with { Type = v }, "What the value is.")
            .Required("default", Values.Text, (f, v) => f with { Default = v }, "Value of a tenant that has none of its own.")
            .Optional("description", Values.Line, (f, v) => f with { Description = v }, "What the feature does.")
            .Finish(FeatureChecks.Feature));

    public static ObjectShape<Manifest> Root { get; } = new ObjectShape<Manifest>("a mapping with the keys app, version and services", new() { App = "", Version = "", Services = [] })
        .Optional("manifest", Format, (m, _) => m, "Version of this file's format. Without it, 1.")
        .Required("app", Values.Name(NameKind.App), (m, v) => m with { App = v }, "The app's name.")
        .Required("version", Values.Line, (m, v) => m with { Version = v }, "The app's own version, any text.")
        .Optional("build", Build, (m, v) => m with { Build = v }, "How a release is prepared, once for all tenants.")
        .Required("services", new MappedShape<IReadOnlyList<KeyValuePair<string, ServiceDefinition>>, IReadOnlyList<ServiceDefinition>>(
            new MapShape<ServiceDefinition>(MapNames.Of(NameKind.Service), ServiceDescription.Service, "service names to services", atLeastOne: true),
            pairs => [.. pairs.Select(p => p.Value with { Name = p.Key })]),
            (m, v) => m with { Services = v }, "The processes that make up the app, by name.")
        .Optional("entry", Values.Name(NameKind.Service), (m, v) => m with { Entry = v }, "Service that the gateway reaches. Without it, the only one whose first port is http.")
        .Optional("tiers", new MappedShape<IReadOnlyList<KeyValuePair<string, TierDefinition>>, IReadOnlyList<TierDefinition>>(
            new MapShape<TierDefinition>(MapNames.Of(NameKind.Tier), TierDescription.Tier, "tier names to tiers", atLeastOne: true),
            pairs => [.. pairs.Select(p => p.Value with { Name = p.Key })]),
            (m, v) => m with { Tiers = v }, "Sizes and policies, by name. Without any, one tier named default.")
        .Optional("defaultTier", Values.Name(NameKind.Tier), (m, v) => m with { DefaultTier = v }, "Tier of a tenant for whom none is named. Without it, the one named default, or the only one.")
        .Optional("secrets", new MappedShape<IReadOnlyList<KeyValuePair<string, SecretDefinition>>, IReadOnlyList<SecretDefinition>>(
            new MapShape<SecretDefinition>(MapNames.Secrets, Secret, "secret names to secrets"),
            pairs => [.. pairs.Select(p => p.Value with { Name = p.Key })]),
            (m, v) => m with { Secrets = v }, "Secrets that the app needs, by name; each is the file /run/secrets/NAME inside the instance.")
        .Optional("sleep", RestDescription.Sleep, (m, v) => m with { Sleep = v }, "When idle instances go to sleep. Without it, never.")
        .Optional("wake", RestDescription.Wake, (m, v) => m with { Wake = v }, "What happens to requests that meet a sleeping instance.")
        .Optional("busy", RestDescription.Busy, (m, v) => m with { Busy = v }, "Signs of work that nobody asked for over HTTP.")
        .Optional("webhooks", RestDescription.Webhooks, (m, v) => m with { Webhooks = v }, "Paths whose requests are stored and replayed when the instance is not ready.")
        .Optional("backup", RestDescription.Backup, (m, v) => m with { Backup = v }, "How the volumes are backed up. Without it, only when asked.")
        .Key("egress", Egress, m => m.Egress, (m, v) => m with { Egress = v }, "Where an instance may connect to: none, internet, or a list of hosts and networks such as api.example.com:443 and 10.1.0.0/16.")
        .Optional("features", new MappedShape<IReadOnlyList<KeyValuePair<string, FeatureDefinition>>, IReadOnlyList<FeatureDefinition>>(
            new MapShape<FeatureDefinition>(MapNames.Features, Feature, "feature names to defaults"),
            pairs => [.. pairs.Select(p => p.Value with { Name = p.Key })]),
            (m, v) => m with { Features = v }, "Flags and settings that can differ per tenant, readable as ${feature.NAME}.")
        .Finish(ManifestChecks.Manifest);
}
