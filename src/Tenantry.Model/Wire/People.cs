namespace Tenantry.Model.Wire;

/// <summary>What somebody may do in an organization.</summary>
public sealed record MembershipResponse(string Organization, Role Role);

/// <summary>A person.</summary>
/// <param name="Email">Names the person, also in the audit.</param>
/// <param name="Name">How the person is called.</param>
/// <param name="Role">What they may do everywhere; null: nothing.</param>
/// <param name="Memberships">What they may do in organizations.</param>
/// <param name="HasPassword">Whether a password signs them in.</param>
/// <param name="Issuer">The identity provider that knows the person; null: none.</param>
/// <param name="CreatedAt">When the person was added.</param>
/// <param name="SignedInAt">When they signed in last; null: never.</param>
/// <param name="Passkeys">How many passkeys sign them in.</param>
public sealed record PersonResponse(
    string Email, string Name, Role? Role, IReadOnlyList<MembershipResponse> Memberships, bool HasPassword, string? Issuer, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt, int Passkeys = 0);

/// <summary>Body of <c>POST /v1/people</c>.</summary>
/// <param name="Email">Names the person.</param>
/// <param name="Name">How the person is called; the address unless said.</param>
/// <param name="Role">Everywhere: admin, operator or viewer; null: none, but in organizations.</param>
/// <param name="Password">Null: the person signs in with a link or at the identity provider.</param>
public sealed record CreatePersonRequest(string Email, string? Name = null, Role? Role = null, string? Password = null) : IHoldsSecret
{
    /// <summary>Keeps the password out of logs.</summary>
    public override string ToString() => $"CreatePersonRequest {Email}";
}

/// <summary>Body of <c>PATCH /v1/people/{email}</c>: what is null stays.</summary>
/// <param name="Name">How the person is called.</param>
/// <param name="Role">Everywhere.</param>
/// <param name="NoRole">Takes the role away.</param>
/// <param name="Password">Ends the person's sessions, and removes their passkeys.</param>
/// <param name="NoPassword">Takes the password away, and the passkeys.</param>
/// <param name="NoPasskeys">Removes the passkeys alone, and ends the sessions that they began.</param>
public sealed record UpdatePersonRequest(
    string? Name = null, Role? Role = null, bool NoRole = false, string? Password = null, bool NoPassword = false, bool NoPasskeys = false) : IHoldsSecret
{
    /// <summary>Keeps the password out of logs.</summary>
    public override string ToString() => nameof(UpdatePersonRequest);
}

/// <summary>Body of <c>POST /v1/organizations</c>.</summary>
public sealed record CreateOrganizationRequest(string Name);

/// <summary>Body of <c>PUT /v1/organizations/{organization}/members/{email}</c>. An owner invites whoever is no member yet; who runs the platform makes them one at once.</summary>
/// <param name="Role">Owner, member or viewer.</param>
/// <param name="Name">How a person is called who is not known yet.</param>
public sealed record PutMemberRequest(Role Role, string? Name = null);

/// <summary>A member of an organization, or somebody who is invited.</summary>
/// <param name="Email">Names the person.</param>
/// <param name="Name">How the person is called; of who is invited, what the inviting one typed.</param>
/// <param name="Role">What they may do in it.</param>
/// <param name="CreatedAt">Since when; when they were invited.</param>
/// <param name="SignedInAt">When they signed in last; null: never, or not told.</param>
/// <param name="InvitedUntil">Until when the invitation can be accepted; null: a member.</param>
public sealed record MemberResponse(string Email, string Name, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt, DateTimeOffset? InvitedUntil = null);

/// <summary>An invitation into an organization, as who is invited sees it.</summary>
/// <param name="Organization">Into which.</param>
/// <param name="Role">As what.</param>
/// <param name="InvitedBy">Who invites.</param>
/// <param name="CreatedAt">When they did.</param>
/// <param name="ExpiresAt">Until when it can be accepted.</param>
public sealed record InvitationResponse(string Organization, Role Role, string InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Answer to <c>GET /v1/session</c>: who asks.</summary>
/// <param name="Name">A person's address, a token's name, or <c>local</c>.</param>
/// <param name="DisplayName">How a person is called.</param>
/// <param name="Through"><c>socket</c>, <c>token</c>, <c>session</c> or <c>provider</c>.</param>
/// <param name="Role">What they may do everywhere; null: nothing.</param>
/// <param name="Memberships">What they may do in organizations.</param>
/// <param name="ExpiresAt">When it ends; null: not by time.</param>
/// <param name="CsrfToken">What changes have to show as <c>X-CSRF-Token</c>; for a session alone.</param>
/// <param name="Issuer">The identity provider that knows a person; null: none.</param>
/// <param name="HasPassword">Whether a password signs the person in.</param>
public sealed record SessionResponse(
    string Name, string DisplayName, string Through, Role? Role, IReadOnlyList<MembershipResponse> Memberships, DateTimeOffset? ExpiresAt, string? CsrfToken, string? Issuer = null, bool HasPassword = false)
{
    /// <summary>Keeps the token out of logs.</summary>
    public override string ToString() => $"SessionResponse {Name}";
}

/// <summary>Body of <c>PUT /v1/session/password</c>: the caller's own. Every session of theirs ends with it, the asking one too.</summary>
/// <param name="Password">The new one.</param>
/// <param name="Current">The one so far; who has none has signed in within the last ten minutes.</param>
/// <param name="NoPasskeys">Removes the caller's passkeys, too.</param>
public sealed record PutPasswordRequest(string Password, string? Current = null, bool NoPasskeys = false) : IHoldsSecret
{
    /// <summary>Keeps both out of logs.</summary>
    public override string ToString() => nameof(PutPasswordRequest);
}

/// <summary>Body of <c>POST /v1/signin-links</c>, which is served on the Unix socket alone.</summary>
/// <param name="Email">Who signs in; null: the only admin, who is made when there is none.</param>
/// <param name="ExpiresInSeconds">600 unless said.</param>
public sealed record SignInLinkRequest(string? Email = null, double? ExpiresInSeconds = null);

/// <summary>A link that signs in once: the only time that it is shown.</summary>
/// <param name="Email">Whom.</param>
/// <param name="Url">Where.</param>
/// <param name="ExpiresAt">Until when.</param>
/// <param name="IsNew">The person was made with it.</param>
public sealed record SignInLinkResponse(string Email, string Url, DateTimeOffset ExpiresAt, bool IsNew)
{
    /// <summary>Keeps the link out of logs.</summary>
    public override string ToString() => $"SignInLinkResponse {Email}";
}

/// <summary>A passkey of the caller's.</summary>
/// <param name="Id">The authenticator's name for it.</param>
/// <param name="Name">How the person calls it.</param>
/// <param name="IsBackedUp">Whether other devices of the person have it, too.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="UsedAt">When it signed in last; null: never.</param>
public sealed record PasskeyResponse(string Id, string Name, bool IsBackedUp, DateTimeOffset CreatedAt, DateTimeOffset? UsedAt);

/// <summary>What the browser asks an authenticator.</summary>
/// <param name="Handshake">Sent back with the answer; good once, for five minutes.</param>
/// <param name="Options">For <c>navigator.credentials</c>, as JSON of Web Authentication.</param>
public sealed record PasskeyOptionsResponse(string Handshake, System.Text.Json.JsonElement Options)
{
    /// <summary>Keeps the handshake out of logs.</summary>
    public override string ToString() => nameof(PasskeyOptionsResponse);
}

/// <summary>Body of <c>POST /v1/session/passkeys/options</c>: it is proved before the authenticator makes anything.</summary>
/// <param name="Current">The password; who has none has signed in within the last ten minutes.</param>
public sealed record AskPasskeyRequest(string? Current = null) : IHoldsSecret
{
    /// <summary>Keeps it out of logs.</summary>
    public override string ToString() => nameof(AskPasskeyRequest);
}

/// <summary>Body of <c>POST /v1/session/passkeys</c>.</summary>
/// <param name="Handshake">Of what was asked.</param>
/// <param name="Credential">What the authenticator answered, as JSON text.</param>
/// <param name="Name">How the person calls it.</param>
public sealed record AddPasskeyRequest(string Handshake, string Credential, string? Name = null) : IHoldsSecret
{
    /// <summary>Keeps them out of logs.</summary>
    public override string ToString() => nameof(AddPasskeyRequest);
}
