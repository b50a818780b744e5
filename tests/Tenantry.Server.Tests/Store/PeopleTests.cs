using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>People, memberships, sessions, links.</summary>
public abstract class PeopleTests(IStorePlace place) : StoreTests(place)
{
    private Person Ann => new("ann@example.com", "Ann", Role.Viewer, "hash", "https://id.example", "1", 1, Time.GetUtcNow());

    private PersonSession Session(string hash, string email = "ann@example.com", string providerSession = "s1") =>
        new(hash, email, "Provider", "https://id.example", providerSession, Time.GetUtcNow(), Time.GetUtcNow().AddDays(1), Time.GetUtcNow());

    [Fact]
    public async Task APersonIsOneAddressAndOneSubject()
    {
        await Store.AddPersonAsync(Ann, Ct);
        (await Should.ThrowAsync<StoreConflictException>(() => Store.AddPersonAsync(Ann with { Subject = "2" }, Ct))).Message.ShouldContain("address already");
        (await Should.ThrowAsync<StoreConflictException>(() => Store.AddPersonAsync(Ann with { Email = "b@example.com" }, Ct))).Message.ShouldContain("subject");
        await Store.AddPersonAsync(Ann with { Email = "b@example.com", Issuer = "", Subject = "" }, Ct);
        await Store.AddPersonAsync(Ann with { Email = "c@example.com", Issuer = "", Subject = "" }, Ct);
        (await Store.FindPersonOfAsync("https://id.example", "1", Ct))!.Email.ShouldBe("ann@example.com");
        var page = await Store.ListPeopleAsync(new PageRequest(2), Ct);
        page.Items.Select(one => one.Email).ShouldBe(["ann@example.com", "b@example.com"]);
        (await Store.ListPeopleAsync(new PageRequest(2, page.Next), Ct)).Items.ShouldHaveSingleItem().Email.ShouldBe("c@example.com");
        var changed = await Store.UpdatePersonAsync(Ann with { Role = null }, 1, Ct);
        (changed.Version, changed.Role).ShouldBe((2, null));
        await Should.ThrowAsync<StoreConflictException>(() => Store.UpdatePersonAsync(Ann, 1, Ct));
    }

    [Fact]
    public async Task WhatAPersonHadGoesWithThem()
    {
        await Store.EnsureOrganizationAsync("acme", Ct);
        await Store.PutMemberAsync(new Membership("acme", "ann@example.com", Role.Member, Time.GetUtcNow()), Ann, false, Ct);
        await Store.PutMemberAsync(new Membership("acme", "ann@example.com", Role.Owner, Time.GetUtcNow()), Ann, false, Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Store.PutMemberAsync(new Membership("nobody", "x@example.com", Role.Owner, Time.GetUtcNow()), Ann with { Email = "x@example.com" }, false, Ct));
        (await Store.FindPersonAsync("x@example.com", Ct)).ShouldBeNull();
        await Store.AddSessionAsync(Session("h1"), Ct);
        await Store.AddSignInLinkAsync("l1", "ann@example.com", Time.GetUtcNow().AddMinutes(1), Ct);
        var found = (await Store.FindSessionAsync("h1", Ct))!;
        found.Memberships.ShouldHaveSingleItem().Role.ShouldBe(Role.Owner);
        found.Person.SignedInAt.ShouldBe(Time.GetUtcNow());

        (await Store.DeletePersonAsync("ann@example.com", Ct)).ShouldBeTrue();

        (await Store.FindSessionAsync("h1", Ct)).ShouldBeNull();
        (await Store.TakeSignInLinkAsync("l1", Ct)).ShouldBeNull();
        (await Store.ListMembersAsync("acme", null, Ct)).ShouldBeEmpty();
        (await Store.DeletePersonAsync("ann@example.com", Ct)).ShouldBeFalse();
        await Should.ThrowAsync<StoreConflictException>(() => Store.AddSessionAsync(Session("h2"), Ct));
    }

    [Fact]
    public async Task ALinkIsTakenByOneOfManyWhoTry()
    {
        await Store.AddPersonAsync(Ann, Ct);
        await Store.AddSignInLinkAsync("l1", "ann@example.com", Time.GetUtcNow().AddMinutes(1), Ct);
        (await Store.FindSignInLinkAsync("l1", Ct)).ShouldBe("ann@example.com");

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Store.TakeSignInLinkAsync("l1", Ct))));

        taken.Count(email => email is not null).ShouldBe(1);
        await Store.AddSignInLinkAsync("l2", "ann@example.com", Time.GetUtcNow().AddMinutes(1), Ct);
        Time.Advance(TimeSpan.FromMinutes(1));
        (await Store.TakeSignInLinkAsync("l2", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task SessionsEndWithAnotherPasswordAndWhenTheProviderSaysSo()
    {
        await Store.AddPersonAsync(Ann, Ct);
        foreach (var (hash, provider) in new[] { ("h1", "s1"), ("h2", "s2"), ("h3", "s3") })
            await Store.AddSessionAsync(Session(hash, providerSession: provider), Ct);
        (await Store.DeleteSessionsOfAsync("https://id.example", "s1", null, Ct)).ShouldBe(1);
        (await Store.DeleteSessionsOfAsync("https://other.example", null, "1", Ct)).ShouldBe(0);
        (await Store.FindSessionAsync("h1", Ct)).ShouldBeNull();
        await Store.UpdatePersonAsync(Ann with { Name = "Anna" }, 1, Ct);
        (await Store.FindSessionAsync("h2", Ct)).ShouldNotBeNull();
        await Store.UpdatePersonAsync(Ann with { Password = "other" }, 2, Ct);
        (await Store.FindSessionAsync("h2", Ct)).ShouldBeNull();
        await Store.AddSessionAsync(Session("h4"), Ct);
        (await Store.DeleteSessionsOfAsync("https://id.example", null, "1", Ct)).ShouldBe(1);
    }

    [Fact]
    public async Task OfTwoOwnersWhoTakeTheRoleFromEachOtherAtOnceOneStays()
    {
        await Store.EnsureOrganizationAsync("acme", Ct);
        string[] owners = ["ann@example.com", "bob@example.com"];
        foreach (var email in owners)
            await Store.PutMemberAsync(new Membership("acme", email, Role.Owner, Time.GetUtcNow()), Ann with { Email = email, Subject = email }, false, Ct);

        var removed = await Task.WhenAll(owners.Select(email => Task.Run(async () =>
        {
            try
            {
                return await Store.DeleteMemberAsync("acme", email, keepsOwner: true, Ct);
            }
            catch (StoreConflictException)
            {
                return false;
            }
        })));

        removed.Count(isRemoved => isRemoved).ShouldBe(1);
        var last = (await Store.ListMembersAsync("acme", null, Ct)).ShouldHaveSingleItem();
        var demoted = last with { Role = Role.Member };
        (await Should.ThrowAsync<StoreConflictException>(() => Store.PutMemberAsync(demoted, Ann, keepsOwner: true, Ct))).Message.ShouldContain("last owner");
        await Store.PutMemberAsync(demoted, Ann, keepsOwner: false, Ct);
        (await Store.DeleteMemberAsync("acme", last.Email, keepsOwner: true, Ct)).ShouldBeTrue("who is no owner is not the last one");
    }

    [Fact]
    public async Task InvitationsEndWithTheRightOfWhoMadeThem()
    {
        await Store.EnsureOrganizationAsync("acme", Ct);
        foreach (var (owner, end) in new (string, Func<string, Task>)[]
        {
            ("ann@example.com", email => Store.DeleteMemberAsync("acme", email, false, Ct)),
            ("bob@example.com", email => Store.PutMemberAsync(new Membership("acme", email, Role.Member, Time.GetUtcNow()), Ann, false, Ct)),
            ("cleo@example.com", email => Store.DeletePersonAsync(email, Ct)),
        })
        {
            await Store.PutMemberAsync(new Membership("acme", owner, Role.Owner, Time.GetUtcNow()), Ann with { Email = owner, Subject = owner }, false, Ct);
            await Store.PutInvitationAsync(new Invitation("acme", $"friend-of-{owner}", Role.Owner, "Friend", owner, Time.GetUtcNow(), Time.GetUtcNow().AddDays(1)), 10, Ct);
            await Store.PutInvitationAsync(new Invitation("acme", "other@example.com", Role.Owner, "Other", "olga@example.com", Time.GetUtcNow(), Time.GetUtcNow().AddDays(1)), 10, Ct);

            await end(owner);

            (await Store.ListInvitationsAsync("acme", null, Ct)).ShouldHaveSingleItem(owner).Email.ShouldBe("other@example.com");
            (await Store.AcceptInvitationAsync("acme", $"friend-of-{owner}", Ct)).ShouldBeNull();
        }
    }

    [Fact]
    public async Task AnInvitationIsAcceptedOnceAndEndsWithItsTimeItsPersonAndItsOrganization()
    {
        await Store.EnsureOrganizationAsync("acme", Ct);
        Invitation For(string email) => new("acme", email, Role.Owner, "Typed", "olga@example.com", Time.GetUtcNow(), Time.GetUtcNow().AddDays(1));
        foreach (var email in (string[])["ann@example.com", "bob@example.com", "cleo@example.com"])
            await Store.PutInvitationAsync(For(email), 3, Ct);
        (await Should.ThrowAsync<StoreConflictException>(() => Store.PutInvitationAsync(For("dan@example.com"), 3, Ct))).Message.ShouldContain("3 open invitations");
        await Store.PutInvitationAsync(For("ann@example.com") with { Role = Role.Member }, 3, Ct);
        (await Store.ListInvitationsAsync("acme", null, Ct)).Select(one => one.Email).ShouldBe(["ann@example.com", "bob@example.com", "cleo@example.com"]);
        await Should.ThrowAsync<StoreConflictException>(() => Store.PutInvitationAsync(For("x@example.com") with { Organization = "nobody" }, 3, Ct));

        await Store.AddPersonAsync(Ann, Ct);
        await Store.AddSessionAsync(Session("h1"), Ct);
        (await Store.FindSessionAsync("h1", Ct))!.Invitations.ShouldBe(1);
        var accepted = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Store.AcceptInvitationAsync("acme", "ann@example.com", Ct))));
        accepted.Count(one => one is not null).ShouldBe(1);
        (await Store.ListMembersAsync("acme", "ann@example.com", Ct)).ShouldHaveSingleItem().Role.ShouldBe(Role.Member);
        (await Store.FindSessionAsync("h1", Ct))!.Invitations.ShouldBe(0);

        await Store.AddPersonAsync(Ann with { Email = "bob@example.com", Subject = "2" }, Ct);
        await Store.DeletePersonAsync("bob@example.com", Ct);
        (await Store.ListInvitationsAsync(null, "bob@example.com", Ct)).ShouldBeEmpty("who was removed does not come back by an invitation of before");
        Time.Advance(TimeSpan.FromDays(1));
        (await Store.AcceptInvitationAsync("acme", "cleo@example.com", Ct)).ShouldBeNull();
        await Store.PutInvitationAsync(For("cleo@example.com"), 1, Ct);
        await Store.DeleteOrganizationAsync("acme", Ct);
        (await Store.ListInvitationsAsync(null, null, Ct)).ShouldBeEmpty();
    }
}

public sealed class SqlitePeopleTests() : PeopleTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresPeopleTests(PostgresServer server) : PeopleTests(new PostgresPlace(server));
