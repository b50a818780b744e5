using Microsoft.AspNetCore.Http;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Memory for what clients of many instances have sent.</summary>
public class SharedBytesTests
{
    [Fact]
    public void WhatOneInstancesClientsSendLeavesRoomForThoseOfOthers()
    {
        var bytes = new SharedBytes(800);

        bytes.TryTake("mallory", 100).ShouldBeTrue();
        bytes.TryTake("mallory", 1).ShouldBeFalse();
        bytes.TryTake("alice", 100).ShouldBeTrue();
        bytes.Return("mallory", 100);
        bytes.TryTake("mallory", 100).ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AHeldBodyGivesItsShareBackOnceItIsSentOnOrItsRequestIsOver(bool isSentOn)
    {
        var freed = 0;
        var context = new DefaultHttpContext { Request = { Body = new MemoryStream(new byte[500]) } };
        var held = new HeldBody(context, 600, () => freed++);
        held.Begin();
        await held.GiveBackAsync();
        freed.ShouldBe(0, "what was taken is still there");

        if (isSentOn)
        {
            var got = new MemoryStream();
            await context.Request.Body.CopyToAsync(got);
            got.Length.ShouldBe(500);
            freed.ShouldBe(1);
        }

        held.Free();
        freed.ShouldBe(1);
    }
}
