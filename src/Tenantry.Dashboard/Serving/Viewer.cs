using Tenantry.Server.Access;

namespace Tenantry.Dashboard.Serving;

/// <summary>Who looks at a page, and what pages need to know about the request. Every component gets it as a cascading value.</summary>
public sealed record Viewer
{
    /// <summary>Null on pages for who is not signed in.</summary>
    public Caller? Caller { get; init; }

    /// <summary>What each of the page's forms carries.</summary>
    public string Token { get; init; } = "";

    /// <summary>Path and query of the page.</summary>
    public string Place { get; init; } = "/";

    /// <summary>Whether what such an endpoint of the API does is offered, for a thing of that organization; null: of any, or of none.</summary>
    public bool May(string endpoint, string? organization = null) => Caller?.May(endpoint, organization) == true;

    /// <summary>Their name, or something to say in its place.</summary>
    public string Name => Caller is null ? "Not signed in" : Caller.IsLocal ? "This machine" : Caller.DisplayName;

    /// <summary>Their role in words.</summary>
    public string Role => Caller?.Grants switch
    {
        null => "",
        { Platform: { } everywhere } => $"{everywhere} of the platform",
        { Organizations.Count: 0 } => "in no organization",
        { Organizations.Count: 1 } one => $"{one.Organizations.First().Value} of {one.Organizations.First().Key}",
        var several => $"in {several.Organizations.Count} organizations",
    };

    /// <summary>How many invitations wait for their answer.</summary>
    public int Invitations => Caller?.Invitations ?? 0;

    /// <summary>Whether whose a thing is goes without saying.</summary>
    public bool HasOneOrganization => Caller?.Organizations is { Count: <= 1 };

    /// <summary>Whether there is a session to end.</summary>
    public bool HasSession => Caller?.Through == CallerKind.Session;

    internal static Viewer Of(HttpContext context) => Caller.Find(context) is { } caller
        ? new Viewer { Caller = caller, Token = FormToken.Of(context), Place = context.Request.Path + context.Request.QueryString }
        : new Viewer { Place = context.Request.Path + context.Request.QueryString };
}
