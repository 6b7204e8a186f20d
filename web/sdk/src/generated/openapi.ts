// Made by `make web-types`. Do not edit.
export interface paths {
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["logout_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions/{sessionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/ws-ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["issue_ws_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_presence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete: operations["erase_me"];
        options?: never;
        head?: never;
        patch: operations["update_me"];
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["search_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_blocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{userId}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["block_user"];
        post?: never;
        delete: operations["unblock_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_conversations"];
        put?: never;
        post: operations["create_conversation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/conversations/{conversationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_conversation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["mute_conversation"];
        trace?: never;
    };
    "/api/conversations/{conversationId}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{conversationId}/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["rename_group"];
        trace?: never;
    };
    "/api/groups/{conversationId}/photo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_photo"];
        trace?: never;
    };
    "/api/groups/{conversationId}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_members"];
        trace?: never;
    };
    "/api/groups/{conversationId}/members/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["change_role"];
        trace?: never;
    };
    "/api/groups/{conversationId}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["leave_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{conversationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["delete_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/groups/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_older_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_older_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/conversation/{conversationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["list_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["search_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/{messageId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_message"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/{messageId}/trace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_trace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["record_receipt"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/{messageId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["edit_message"];
        post?: never;
        delete: operations["delete_message"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/{messageId}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["add_reaction"];
        post?: never;
        delete: operations["remove_reaction"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/attachments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["request_upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["sync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["check_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_asyncapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs/websocket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["get_socket_docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A file of a message. */
        AttachmentObject: {
            attachmentId: string;
            fileName: string;
            contentType: string;
            /** @description In bytes. */
            size: number;
            /** @description A presigned GET, valid for 15 minutes. */
            url: string;
        };
        /** @description The change is durable in Kafka and will be made. */
        ChangeAnswer: {
            messageId: string;
            /**
             * @default accepted
             * @constant
             */
            status: "accepted";
        };
        /** @description A new password. */
        ChangePasswordBody: {
            /** Format: password */
            currentPassword: string;
            /** Format: password */
            newPassword: string;
        };
        /** @description A conversation as it is now, and what of it changed: messages by their ids, members by their users' ids. */
        ConversationChange: {
            conversation: components["schemas"]["ConversationObject"];
            messages: components["schemas"]["MessageObject"][];
            members: (components["schemas"]["MemberObject"] | components["schemas"]["MemberGone"])[];
        };
        /** @description A conversation that the caller has left or was removed from. */
        ConversationGone: {
            conversationId: string;
            /**
             * @default true
             * @constant
             */
            removed: true;
        };
        /** @description A conversation as one of its members sees it. */
        ConversationObject: {
            conversationId: string;
            /** @enum {string} */
            kind: "direct" | "group";
            name: string | null;
            photoUrl: string | null;
            memberCount: number;
            rev: number;
            lastSeq: number;
            lastMessage: components["schemas"]["MessageObject"] | null;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            /** @enum {string} */
            myRole: "owner" | "admin" | "member";
            lastReadSeq: number;
            lastDeliveredSeq: number;
            /** @description Messages after lastReadSeq that are not deleted; exact up to 999. */
            unreadCount: number;
            muted: boolean;
            /** @description The other user of a direct conversation. */
            peer: components["schemas"]["UserObject"] | null;
        };
        /** @description A conversation of two. */
        CreateDirectBody: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "direct";
            memberId: string;
        };
        /** @description A group that the caller owns. */
        CreateGroupBody: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "group";
            name: string;
            /** @description The others. */
            memberIds: string[];
            /** Format: uri */
            photoUrl?: string | null;
        };
        /** @description The same as older clients write it. */
        CreateOlderGroupBody: {
            name: string;
            /** @description The others. */
            members: string[];
            /** Format: uri */
            photo?: string | null;
        };
        /** @description A group that the caller owns. */
        CreatePlainGroupBody: {
            name: string;
            /** @description The others. */
            memberIds: string[];
            /** Format: uri */
            photoUrl?: string | null;
            /**
             * @description It may be said here, as for other conversations.
             * @default group
             * @constant
             */
            kind: "group";
        };
        /** @description What became of the message on one of the caller's connections. */
        DeliveryObject: {
            connectionId: string;
            /** Format: date-time */
            at: string;
            /**
             * @description `pushed`: its gateway took it; `gone`: it was closed; `failed`: given up after a small budget.
             * @enum {string}
             */
            outcome: "pushed" | "gone" | "failed";
        };
        /** @description A message's new content. */
        EditBody: {
            /** @description Unicode code points, one of them not white space. */
            content: string;
        };
        /** @description Says that it is the account's owner who erases it. */
        EraseAccountBody: {
            /** Format: password */
            password: string;
        };
        /** @description Whether all of it answers. */
        HealthAnswer: {
            /** @enum {string} */
            status: "ok" | "unavailable";
            checks: components["schemas"]["HealthChecks"];
        };
        /** @description What Parley stands on. */
        HealthChecks: {
            /** @enum {string} */
            kafka: "ok" | "unavailable";
            /** @enum {string} */
            mongo: "ok" | "unavailable";
            /** @enum {string} */
            redis: "ok" | "unavailable";
        };
        /** @description Signing in. */
        LoginBody: {
            /** @description A username or an email address, compared without case. */
            login: string;
            /** Format: password */
            password: string;
            deviceName?: string | null;
        };
        /** @description Who has left. */
        MemberGone: {
            userId: string;
            /**
             * @default true
             * @constant
             */
            removed: true;
        };
        /** @description A member of a conversation. */
        MemberObject: {
            userId: string;
            /** @enum {string} */
            role: "owner" | "admin" | "member";
            /** Format: date-time */
            joinedAt: string;
            lastDeliveredSeq: number;
            lastReadSeq: number;
            user: components["schemas"]["UserObject"];
        };
        /** @description Who comes and who goes. */
        MembersBody: {
            /** @default [] */
            add: string[];
            /** @default [] */
            remove: string[];
        };
        /** @description A stored message. A deleted one keeps ids, seq and times; its content is null and its lists are empty. */
        MessageObject: {
            messageId: string;
            conversationId: string;
            /** @description Its place in the conversation: dense, from 1. */
            seq: number;
            /** @description The conversation's rev at its last change. */
            rev: number;
            senderId: string;
            clientMessageId: string;
            /** @enum {string} */
            type: "text" | "attachment";
            content: string | null;
            replyTo: string | null;
            mentions: string[];
            attachments: components["schemas"]["AttachmentObject"][];
            reactions: components["schemas"]["ReactionObject"][];
            /** Format: date-time */
            createdAt: string;
            editedAt: string | null;
            deletedAt: string | null;
        };
        /** @description The caller's own setting. */
        MuteBody: {
            muted: boolean;
        };
        Page_ConversationObject_: {
            items: components["schemas"]["ConversationObject"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
        };
        Page_MemberObject_: {
            items: components["schemas"]["MemberObject"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
        };
        Page_MessageObject_: {
            items: components["schemas"]["MessageObject"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
        };
        Page_SessionObject_: {
            items: components["schemas"]["SessionObject"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
        };
        Page_UserObject_: {
            items: components["schemas"]["UserObject"][];
            /** @description Where the list goes on; null at its end. */
            nextCursor: string | null;
        };
        /** @description A group's new photo. */
        PhotoBody: {
            /**
             * Format: uri
             * @description null takes it away.
             */
            photoUrl: string | null;
        };
        /** @description The caller's pointers as they are stored. They only move forward; read implies delivered. */
        PointersAnswer: {
            conversationId: string;
            lastDeliveredSeq: number;
            lastReadSeq: number;
        };
        /** @description Those of the people asked for who share a conversation with the caller. */
        PresenceAnswer: {
            items: components["schemas"]["PresenceObject"][];
        };
        /** @description Whether somebody has a socket open. */
        PresenceObject: {
            userId: string;
            online: boolean;
            /** @description When they were last known to be there; null if that is not known. */
            lastSeenAt: string | null;
        };
        /** @description A person as they see themselves. */
        ProfileObject: {
            userId: string;
            username: string;
            displayName: string;
            avatarUrl: string | null;
            about: string | null;
            /** Format: date-time */
            createdAt: string;
            email: string;
        };
        /** @description One emoji on a message. */
        ReactionObject: {
            emoji: string;
            count: number;
            /** @description The first 20 of those who chose it. */
            userIds: string[];
        };
        /** @description A device's current refresh token. */
        RefreshBody: {
            /** @description It is exchanged for another one. */
            refreshToken: string;
        };
        /** @description A new account. */
        RegisterBody: {
            username: string;
            /** Format: email */
            email: string;
            /** Format: password */
            password: string;
            /** @description The username, where it is not given. */
            displayName?: string | null;
        };
        /** @description A group's new name. */
        RenameBody: {
            name: string;
        };
        /** @description A member's new role. */
        RoleBody: {
            /**
             * @description Who gives `owner` away is an admin after it.
             * @enum {string}
             */
            role: "owner" | "admin" | "member";
        };
        /** @description The message is durable in Kafka and will be stored. */
        SendAnswer: {
            messageId: string;
            clientMessageId: string;
            /**
             * @default accepted
             * @constant
             */
            status: "accepted";
        };
        /** @description A message to send. */
        SendBody: {
            conversationId: string;
            /** @description The sender's own id for it: a retry with the same one never makes a second message. */
            clientMessageId: string;
            /** @description Unicode code points, one of them not white space. */
            content: string;
            /**
             * @default text
             * @enum {string}
             */
            type: "text" | "attachment";
            /** @description The id of a stored message of the same conversation. */
            replyTo?: string | null;
            /** @default [] */
            mentions: string[];
            /** @default [] */
            attachments: string[];
        };
        /** @description A device that is signed in. */
        SessionObject: {
            sessionId: string;
            deviceName: string | null;
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last signed in or refreshed.
             */
            lastSeenAt: string;
            /** @description Whether it is the one that asks. */
            current: boolean;
        };
        /** @description A device is signed in. */
        SignInAnswer: {
            user: components["schemas"]["ProfileObject"];
            accessToken: string;
            refreshToken: string;
            /** @description For how many seconds the access token holds. */
            expiresIn: number;
        };
        /** @description The same over REST, where it says which of the two. */
        StatusBody: {
            conversationId: string;
            /** @enum {string} */
            status: "delivered" | "read";
            /** @description One beyond the last message is taken for the last. */
            seq: number;
        };
        /** @description Some of what changed. Unless `complete`, there is more to ask for with `token`; keep it in any case. */
        SyncAnswer: {
            changes: (components["schemas"]["ConversationChange"] | components["schemas"]["ConversationGone"])[];
            complete: boolean;
            token: string;
        };
        /** @description A ticket that opens one WebSocket. */
        TicketAnswer: {
            ticket: string;
            /** @description The address to connect to; it carries the ticket. */
            url: string;
            /** @description In seconds. */
            expiresIn: number;
        };
        /** @description A device stays signed in. */
        TokensAnswer: {
            accessToken: string;
            /** @description The next one; the one that was sent is used up. */
            refreshToken: string;
            /** @description For how many seconds the access token holds. */
            expiresIn: number;
        };
        /** @description A message's way; null for what has not happened, or was longer than a day ago and is no longer known. */
        TraceAnswer: {
            messageId: string;
            acceptedAt: string | null;
            storedAt: string | null;
            publishedAt: string | null;
            deliveries: components["schemas"]["DeliveryObject"][];
        };
        /** @description What is to change of the caller's profile; what is not named stays. */
        UpdateProfileBody: {
            displayName?: string;
            /**
             * Format: uri
             * @description null takes it away.
             */
            avatarUrl?: string | null;
            /** @description null takes it away. */
            about?: string | null;
        };
        /** @description A file may be uploaded, and then sent by its id in a message within a day. */
        UploadAnswer: {
            attachmentId: string;
            upload: components["schemas"]["UploadFormObject"];
        };
        /** @description A file that is to be uploaded. */
        UploadBody: {
            fileName: string;
            /** @description A media type without parameters. The upload must have this very one. */
            contentType: string;
            /** @description In bytes. The upload must be of exactly this size. */
            size: number;
        };
        /** @description A form (multipart/form-data): its fields as they are, and after them the file as `file`. It holds for an hour. */
        UploadFormObject: {
            /** @description Where the form is posted to. */
            url: string;
            fields: {
                [key: string]: string;
            };
        };
        /** @description A person as others see them. */
        UserObject: {
            userId: string;
            username: string;
            displayName: string;
            avatarUrl: string | null;
            about: string | null;
            /** Format: date-time */
            createdAt: string;
        };
        /** @description One field that is wrong. */
        FieldError: {
            /** @description Its path, such as `messages.0.content`; empty for the whole body. */
            field: string;
            message: string;
        };
        /** @description RFC 9457. `code` is stable, `detail` is for a person and never quotes the request. */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            code: string;
            /** @description The same as the X-Request-Id header: name it when you report a fault. */
            requestId: string;
            /** @default null */
            errors: components["schemas"]["FieldError"][] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInAnswer"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInAnswer"];
                };
            };
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokensAnswer"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    logout_all: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SessionObject_"];
                };
            };
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePasswordBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    issue_ws_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketAnswer"];
                };
            };
        };
    };
    list_presence: {
        parameters: {
            query: {
                /** @description User ids with commas between them, at most 100. */
                ids: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PresenceAnswer"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileObject"];
                };
            };
        };
    };
    erase_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EraseAccountBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    update_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateProfileBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileObject"];
                };
            };
        };
    };
    search_users: {
        parameters: {
            query: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
                /** @description The beginning of a username, or of a display name from some word on. */
                q: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_UserObject_"];
                };
            };
        };
    };
    list_blocks: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_UserObject_"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserObject"];
                };
            };
        };
    };
    block_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    unblock_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_conversations: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ConversationObject_"];
                };
            };
        };
    };
    create_conversation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateDirectBody"] | components["schemas"]["CreateGroupBody"];
            };
        };
        responses: {
            /** @description The same, as the text above says. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    get_conversation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    mute_conversation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MuteBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    list_members: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
            };
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MemberObject_"];
                };
            };
        };
    };
    create_group: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePlainGroupBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    rename_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    change_photo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PhotoBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    change_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MembersBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    change_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
                userId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoleBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    leave_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    delete_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    create_older_group: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOlderGroupBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationObject"];
                };
            };
        };
    };
    send_message: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SendBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SendAnswer"];
                };
            };
        };
    };
    list_older_messages: {
        parameters: {
            query: {
                /** @description The conversation's id. */
                chatId: string;
                /** @description From 1, newest messages first. */
                page?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MessageObject_"];
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
                /** @description Messages with a smaller seq, newest first. */
                before?: number | null;
                /** @description Messages with a greater seq, oldest first. */
                after?: number | null;
            };
            header?: never;
            path: {
                conversationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MessageObject_"];
                };
            };
        };
    };
    search_messages: {
        parameters: {
            query: {
                limit?: number;
                /** @description The nextCursor of the page before. */
                cursor?: string | null;
                /** @description Words, all of which must occur. Case and accents do not count; in Chinese, Japanese, Thai and the like, each character is a word. */
                q: string;
                /** @description Only there; everywhere where it is not given. */
                conversationId?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MessageObject_"];
                };
            };
        };
    };
    get_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageObject"];
                };
            };
        };
    };
    get_trace: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceAnswer"];
                };
            };
        };
    };
    record_receipt: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatusBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PointersAnswer"];
                };
            };
        };
    };
    edit_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeAnswer"];
                };
            };
        };
    };
    delete_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeAnswer"];
                };
            };
        };
    };
    add_reaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description One emoji, of at most 32 bytes. */
                emoji: string;
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeAnswer"];
                };
            };
        };
    };
    remove_reaction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description One emoji, of at most 32 bytes. */
                emoji: string;
                messageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeAnswer"];
                };
            };
        };
    };
    request_upload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UploadBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadAnswer"];
                };
            };
        };
    };
    sync: {
        parameters: {
            query?: {
                /** @description Of the page before, however old; none for everything. */
                token?: string | null;
                /** @description At most so many conversations, messages and members each; as many as fit into 512 KB where it is not given. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncAnswer"];
                };
            };
        };
    };
    check_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
        };
    };
    get_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_asyncapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_socket_docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
