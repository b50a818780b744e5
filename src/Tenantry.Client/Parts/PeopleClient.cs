using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>People, organizations and their members. Changes of them are for people: the socket's user, or who signed in.</summary>
public sealed class PeopleClient
{
    private readonly Transport _transport;

    internal PeopleClient(Transport transport) => _transport = transport;

    /// <summary>Who asks.</summary>
    public Task<SessionResponse> GetSessionAsync(CancellationToken cancellationToken = default) => _transport.GetAsync<SessionResponse>("v1/session", cancellationToken);

    /// <summary>Gives the caller, who signed in, another password, and ends all of their sessions.</summary>
    public Change<string> PutPassword(PutPasswordRequest request) => _transport.Empty(HttpMethod.Put, "v1/session/password", "password", () => Transport.Json(request));

    /// <summary>Passkeys of the caller, who signed in. They are made in a browser.</summary>
    public IAsyncEnumerable<PasskeyResponse> ListPasskeysAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<PasskeyResponse>("v1/session/passkeys", cancellationToken);

    /// <summary>Removes one of them: it signs nobody in any more.</summary>
    public Change<string> RemovePasskey(string id) => _transport.Empty(HttpMethod.Delete, $"v1/session/passkeys/{Uri.EscapeDataString(id)}", id);

    /// <summary>Makes a link that signs in once; it is in the answer and nowhere else. On the socket alone.</summary>
    public Change<SignInLinkResponse> CreateSignInLink(SignInLinkRequest request) =>
        _transport.Once<SignInLinkResponse>(HttpMethod.Post, "v1/signin-links", () => Transport.Json(request));

    /// <summary>Adds a person.</summary>
    public Change<PersonResponse> Create(CreatePersonRequest request) => _transport.Once<PersonResponse>(HttpMethod.Post, "v1/people", () => Transport.Json(request));

    /// <summary>All people, by address.</summary>
    public IAsyncEnumerable<PersonResponse> ListAsync(CancellationToken cancellationToken = default) => _transport.ListAsync<PersonResponse>("v1/people", cancellationToken);

    /// <summary>Part of the same list.</summary>
    /// <param name="cursor">Where the part before ended, or null.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<PageResponse<PersonResponse>> GetPageAsync(string? cursor, int limit, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<PageResponse<PersonResponse>>("v1/people" + QueryText.Of(("cursor", cursor), ("limit", limit.ToString())), cancellationToken);

    /// <summary>One person.</summary>
    public Task<PersonResponse> GetAsync(string email, CancellationToken cancellationToken = default) => _transport.GetAsync<PersonResponse>(Route(email), cancellationToken);

    /// <summary>Changes what the request names.</summary>
    /// <param name="email">Who.</param>
    /// <param name="request">What is null stays.</param>
    /// <param name="expectedVersion">Refused when it was changed since; null: whatever it is now.</param>
    public Change<PersonResponse> Update(string email, UpdatePersonRequest request, long? expectedVersion = null) =>
        _transport.Of<PersonResponse>(HttpMethod.Patch, Route(email), () => Transport.Json(request), Changes.Match(expectedVersion));

    /// <summary>Removes a person, who is signed out at once.</summary>
    public Change<string> Delete(string email) => _transport.Empty(HttpMethod.Delete, Route(email), email);

    /// <summary>All organizations that the caller sees, by name.</summary>
    public IAsyncEnumerable<OrganizationResponse> ListOrganizationsAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<OrganizationResponse>("v1/organizations", cancellationToken);

    /// <summary>Adds an organization.</summary>
    public Change<OrganizationResponse> CreateOrganization(string name) =>
        _transport.Of<OrganizationResponse>(HttpMethod.Post, "v1/organizations", () => Transport.Json(new CreateOrganizationRequest(name)));

    /// <summary>Removes an organization without tenants, with its members, quotas, tokens and secrets.</summary>
    public Change<string> DeleteOrganization(string name) => _transport.Empty(HttpMethod.Delete, $"v1/organizations/{Uri.EscapeDataString(name)}", name);

    /// <summary>Members of an organization, by address.</summary>
    public IAsyncEnumerable<MemberResponse> ListMembersAsync(string organization, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<MemberResponse>(Members(organization), cancellationToken);

    /// <summary>Gives a member another role. Who is none is made one by who runs the platform (and added when nobody knows them), and invited by an owner.</summary>
    public Change<MemberResponse> PutMember(string organization, string email, PutMemberRequest request) =>
        _transport.Of<MemberResponse>(HttpMethod.Put, $"{Members(organization)}/{Uri.EscapeDataString(email)}", () => Transport.Json(request));

    /// <summary>Ends a membership at once, or withdraws an invitation. The person stays.</summary>
    public Change<string> RemoveMember(string organization, string email) =>
        _transport.Empty(HttpMethod.Delete, $"{Members(organization)}/{Uri.EscapeDataString(email)}", email);

    /// <summary>Invitations that wait for the answer of the caller, who signed in.</summary>
    public IAsyncEnumerable<InvitationResponse> ListInvitationsAsync(CancellationToken cancellationToken = default) =>
        _transport.ListAsync<InvitationResponse>("v1/invitations", cancellationToken);

    /// <summary>The caller becomes a member of the organization that invited them.</summary>
    public Change<MembershipResponse> AcceptInvitation(string organization) =>
        _transport.Of<MembershipResponse>(HttpMethod.Post, $"v1/invitations/{Uri.EscapeDataString(organization)}/accept");

    /// <summary>The caller does not want to.</summary>
    public Change<string> DeclineInvitation(string organization) => _transport.Empty(HttpMethod.Delete, $"v1/invitations/{Uri.EscapeDataString(organization)}", organization);

    /// <summary>Quotas of an organization with what is used of them.</summary>
    public IAsyncEnumerable<QuotaResponse> ListQuotasAsync(string organization, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<QuotaResponse>(Quotas(organization), cancellationToken);

    /// <summary>Replaces the limits of all tiers together, or of one.</summary>
    public Change<PageResponse<QuotaResponse>> PutQuota(string organization, PutQuotaRequest request) =>
        _transport.Of<PageResponse<QuotaResponse>>(HttpMethod.Put, Quotas(organization), () => Transport.Json(request));

    private static string Quotas(string organization) => $"v1/organizations/{Uri.EscapeDataString(organization)}/quotas";

    private static string Route(string email) => "v1/people/" + Uri.EscapeDataString(email);

    private static string Members(string organization) => $"v1/organizations/{Uri.EscapeDataString(organization)}/members";
}
