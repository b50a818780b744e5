using System.Text.Json;
using System.Text.Json.Serialization;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;

namespace Tenantry.Server.People.Oidc;

/// <summary>An identity provider (OpenID Connect), and which of its groups and clients have which role here.</summary>
public sealed record OidcOptions
{
    /// <summary>Holds the same as the file does, for the process that plays the API.</summary>
    public const string Variable = "TENANTRY_OIDC";

    // Those with a value of their own have a setter: the generated reader forgets what an init-only property begins with.

    /// <summary>As people know it.</summary>
    public string Name { get; set; } = "single sign-on";

    /// <summary>Where its discovery document is; https, but for this machine.</summary>
    public required Uri Issuer { get; init; }

    public required string ClientId { get; init; }

    /// <summary>Null for a client without one, or when <see cref="ClientSecretFile"/> is said.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>A file that holds nothing but the secret.</summary>
    public string? ClientSecretFile { get; init; }

    public IReadOnlyList<string> Scopes { get; set; } = ["openid", "email", "profile", "groups"];

    /// <summary>The claim that lists a person's groups.</summary>
    public string GroupsClaim { get; set; } = "groups";

    /// <summary>Who gets which role. The greatest counts.</summary>
    public IReadOnlyList<OidcRole> Roles { get; set; } = [];

    /// <summary>What <c>aud</c> of a machine's token has to be; null: machines' tokens are not taken.</summary>
    public string? Audience { get; init; }

    /// <summary>How long a session that began at the provider lasts.</summary>
    public double SessionSeconds { get; set; } = 8 * 3600;

    /// <summary>What somebody with these groups, or this client, may do.</summary>
    public Grants GrantsOf(IReadOnlyCollection<string> groups, string? client)
    {
        var grants = Grants.None;
        foreach (var rule in Roles.Where(rule => (rule.Group is not null && groups.Contains(rule.Group)) || (rule.Client is not null && rule.Client == client)))
            grants = grants.With(Grants.Of(rule.Role, rule.Organization));
        return grants;
    }

    /// <summary>Reads the file of <c>serve --oidc</c>; the secret of another file is read, too.</summary>
    /// <exception cref="ServeConfigurationException">It cannot be used; the message says why.</exception>
    public static OidcOptions ReadFile(string file)
    {
        try
        {
            var options = Read(File.ReadAllText(file), file);
            if (options.ClientSecretFile is not { } secret)
                return options;
            return options with { ClientSecret = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, secret)).Trim(), ClientSecretFile = null };
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new ServeConfigurationException($"--oidc: {unread.Message}");
        }
    }

    /// <summary>Reads its text.</summary>
    /// <exception cref="ServeConfigurationException">It cannot be used; the message says why.</exception>
    public static OidcOptions Read(string json, string where)
    {
        OidcOptions options;
        try
        {
            options = JsonSerializer.Deserialize(json, OidcJson.Default.OidcOptions) ?? throw new JsonException("null");
        }
        catch (JsonException mistake)
        {
            // What the serializer says may hold a value.
            throw new ServeConfigurationException($"--oidc: {where} is not understood{(mistake.LineNumber is { } line ? $" (line {line + 1})" : "")}: {(mistake.Path is { Length: > 1 } path ? $"at {path}" : "issuer and clientId are needed")}. docs/access.md has an example.");
        }

        options.Check(where);
        return options;
    }

    /// <summary>The same, for the process that plays the API.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, OidcJson.Default.OidcOptions);

    /// <summary>Keeps the secret out of logs.</summary>
    public override string ToString() => $"OidcOptions {Issuer}";

    private void Check(string where)
    {
        if (!Issuer.IsAbsoluteUri || (Issuer.Scheme != Uri.UriSchemeHttps && !Issuer.IsLoopback))
            throw new ServeConfigurationException($"--oidc: {where}: issuer: https is needed, but for a provider on this machine.");
        if (ClientId.Length == 0 || (ClientSecret is not null && ClientSecretFile is not null))
            throw new ServeConfigurationException($"--oidc: {where}: clientId is needed, and one of clientSecret and clientSecretFile at most.");
        if (Audience == ClientId)
            throw new ServeConfigurationException($"--oidc: {where}: audience: another one than clientId is needed; otherwise what is said of a person who signs in would let a machine in.");
        if (SessionSeconds is < 60 or > 7 * 86400)
            throw new ServeConfigurationException($"--oidc: {where}: sessionSeconds: 60 to 604800 are possible.");
        foreach (var rule in Roles)
        {
            var isOfPlatform = rule.Role is Role.Admin or Role.Operator;
            var isOfOrganization = rule.Role is Role.Owner or Role.Member;
            if (rule.Group is null == rule.Client is null)
                throw new ServeConfigurationException($"--oidc: {where}: roles: each has a group or a client.");
            if ((isOfPlatform && rule.Organization is not null) || (isOfOrganization && rule.Organization is null))
                throw new ServeConfigurationException($"--oidc: {where}: roles: '{rule.Group ?? rule.Client}': admin and operator are of the platform; owner and member are of an organization.");
        }
    }
}

/// <summary>What a group, or a client of the provider's, may do.</summary>
/// <param name="Role">The role.</param>
/// <param name="Group">The group; or</param>
/// <param name="Client">the client.</param>
/// <param name="Organization">In which organization; null: everywhere.</param>
public sealed record OidcRole(Role Role, string? Group = null, string? Client = null, string? Organization = null);

/// <summary>What was said on the command line cannot be used.</summary>
public sealed class ServeConfigurationException(string message) : Exception(message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OidcOptions))]
internal sealed partial class OidcJson : JsonSerializerContext;
