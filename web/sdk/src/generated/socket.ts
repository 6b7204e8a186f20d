// Made by `make web-types`. Do not edit.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A delete on a socket. */
        DeleteData: {
            messageId: string;
        };
        /** @description An edit on a socket. */
        EditData: {
            /** @description Unicode code points, one of them not white space. */
            content: string;
            messageId: string;
        };
        /** @description The data of an action that takes none. */
        NoData: Record<string, never>;
        /** @description A reaction on a socket. */
        ReactData: {
            messageId: string;
            /** @description One emoji. */
            emoji: string;
            /**
             * @description Takes the caller's own reaction away.
             * @default false
             */
            remove: boolean;
        };
        /** @description Which conversation to join or leave. */
        RoomData: {
            conversationId: string;
        };
        /** @description How far the caller received or read a conversation. */
        SeenData: {
            conversationId: string;
            /** @description One beyond the last message is taken for the last. */
            seq: number;
            /**
             * @default read
             * @enum {string}
             */
            status: "delivered" | "read";
        };
        /** @description Several messages in one frame; they are accepted in their order, each by itself. */
        SendBatch: {
            messages: components["schemas"]["SendBody"][];
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
            /**
             * @description The id of a stored message of the same conversation.
             * @default null
             */
            replyTo: string | null;
            /** @default [] */
            mentions: string[];
            /** @default [] */
            attachments: string[];
        };
        /** @description From where on: the token of the page before, however old, or none for everything. */
        SyncData: {
            /** @default null */
            token: string | null;
        };
        /** @description That the caller begins or stops to write. */
        TypingData: {
            conversationId: string;
            /** @enum {string} */
            state: "start" | "stop";
        };
        /** @description That the caller begins to write; the action says so, and `state` may say it again. */
        TypingStartData: {
            conversationId: string;
            /**
             * @default start
             * @constant
             */
            state: "start";
        };
        /** @description That the caller stops writing; the action says so, and `state` may say it again. */
        TypingStopData: {
            conversationId: string;
            /**
             * @default stop
             * @constant
             */
            state: "stop";
        };
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
        /** @description A conversation as it is now, and what of it changed: messages by their ids, members by their users' ids. */
        ConversationChange: {
            conversation: components["schemas"]["ConversationObject"];
            messages: components["schemas"]["MessageObject"][];
            members: (components["schemas"]["MemberObject"] | components["schemas"]["MemberGone"])[];
        };
        /** @description A conversation as its recipient sees it, and its rev. */
        ConversationData: {
            conversation: components["schemas"]["ConversationObject"];
            rev: number;
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
        /** @description Which message was deleted. */
        DeletedData: {
            conversationId: string;
            messageId: string;
            seq: number;
            rev: number;
        };
        /** @description Which group, and its last rev. */
        DeletedGroupData: {
            conversationId: string;
            rev: number;
        };
        /** @description Why. */
        EndedData: {
            /** @enum {string} */
            reason: "logout" | "ended" | "password_changed" | "token_reused" | "account_erased";
        };
        /** @description What an `error` event says. */
        ErrorData: {
            /** @enum {string} */
            code: "invalid_request" | "unauthorized" | "forbidden" | "blocked" | "not_found" | "conflict" | "rate_limited" | "too_large" | "unavailable" | "sync_token_invalid" | "internal";
            message: string;
            /** @description Whether the same frame may succeed later. */
            retryable: boolean;
            /** @description In seconds. */
            retryAfter?: number;
            errors?: components["schemas"]["FieldError"][];
        };
        /** @description Until when another socket should be open. */
        ExpiryObject: {
            /** Format: date-time */
            reconnectBy: string;
        };
        /** @description One field that is wrong. */
        FieldError: {
            /** @description Its path, such as `messages.0.content`; empty for the whole body. */
            field: string;
            message: string;
        };
        /** @description The conversation is joined. */
        JoinAnswer: {
            conversationId: string;
            /** @description The members who are online; of more than 1,000 the first by user id. */
            online: string[];
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
        /** @description Who came, who went, and whose role changed. A change of very many comes in parts of one rev. */
        MembersData: {
            conversationId: string;
            rev: number;
            added: components["schemas"]["MemberObject"][];
            /** @description Their user ids. They are told this, and nothing after it. */
            removed: string[];
            changed: components["schemas"]["MemberObject"][];
        };
        /** @description A message, and its conversation's rev at this change. */
        MessageData: {
            message: components["schemas"]["MessageObject"];
            rev: number;
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
        /** @description The caller's pointers as they are stored. They only move forward; read implies delivered. */
        PointersAnswer: {
            conversationId: string;
            lastDeliveredSeq: number;
            lastReadSeq: number;
        };
        /** @description The server's time, and whether the socket missed something. */
        PongData: {
            /** Format: date-time */
            serverTime: string;
            /**
             * @description There only where events may not have reached this socket since it opened or since this was last said: ask for sync, and join again what is open.
             * @constant
             */
            missed?: true;
        };
        /** @description Whether somebody has a socket open. */
        PresenceObject: {
            userId: string;
            online: boolean;
            /** @description When they were last known to be there; null if that is not known. */
            lastSeenAt: string | null;
        };
        /** @description One emoji on a message. */
        ReactionObject: {
            emoji: string;
            count: number;
            /** @description The first 20 of those who chose it. */
            userIds: string[];
        };
        /** @description How much a member has received and read. It carries no rev. */
        ReceiptData: {
            conversationId: string;
            userId: string;
            /**
             * Format: date-time
             * @description Of the stay that it is of: one of an earlier stay is to be dropped.
             */
            joinedAt: string;
            lastDeliveredSeq: number;
            lastReadSeq: number;
        };
        /** @description One message of a batch that was refused; the others stand. `unavailable` may be sent again. */
        Refusal: {
            clientMessageId: string;
            /**
             * @default refused
             * @constant
             */
            status: "refused";
            /** @enum {string} */
            code: "invalid_request" | "unauthorized" | "forbidden" | "blocked" | "not_found" | "conflict" | "rate_limited" | "too_large" | "unavailable" | "sync_token_invalid" | "internal";
        };
        /** @description It is done. */
        RoomAnswer: {
            conversationId: string;
        };
        /** @description Who opened or closed which conversation. */
        RoomMember: {
            conversationId: string;
            userId: string;
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
        /** @description The outcome of each message of a batch, in the batch's order. */
        SendResults: {
            results: (components["schemas"]["SendAnswer"] | components["schemas"]["Refusal"])[];
        };
        /** @description Some of what changed. Unless `complete`, there is more to ask for with `token`; keep it in any case. */
        SyncAnswer: {
            changes: (components["schemas"]["ConversationChange"] | components["schemas"]["ConversationGone"])[];
            complete: boolean;
            token: string;
        };
        /** @description Who types where. Clients drop a start after 6 s by themselves. */
        TypingObject: {
            conversationId: string;
            userId: string;
            /** @enum {string} */
            state: "start" | "stop";
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
        /** @description Sends one message, or up to 25 that are accepted in their order, each by itself. */
        SendFrame: {
            /** @enum {string} */
            action: "send" | "chat:send";
            requestId?: string;
            data: components["schemas"]["SendBody"] | components["schemas"]["SendBatch"];
        };
        /** @description Gives a stored message of the caller's own new content. */
        EditFrame: {
            /** @enum {string} */
            action: "edit" | "chat:edit";
            requestId?: string;
            data: components["schemas"]["EditData"];
        };
        /** @description Deletes a stored message: its sender may, and a group's owner and admins. */
        DeleteFrame: {
            /** @enum {string} */
            action: "delete" | "chat:delete";
            requestId?: string;
            data: components["schemas"]["DeleteData"];
        };
        /** @description Adds or takes away the caller's reaction to a stored message. */
        ReactFrame: {
            /** @enum {string} */
            action: "react" | "chat:react";
            requestId?: string;
            data: components["schemas"]["ReactData"];
        };
        /** @description Moves the caller's pointers forward. Answered once that is stored. */
        SeenFrame: {
            /** @enum {string} */
            action: "seen" | "chat:seen";
            requestId?: string;
            data: components["schemas"]["SeenData"];
        };
        /** @description Tells those who have joined that the caller writes, or no longer does. */
        TypingFrame: {
            /** @enum {string} */
            action: "typing" | "chat:typing";
            requestId?: string;
            data: components["schemas"]["TypingData"];
        };
        /** @description The same as `typing` with `start`. */
        ChatTypingStartFrame: {
            /** @enum {string} */
            action: "chat:typing:start";
            requestId?: string;
            data: components["schemas"]["TypingStartData"];
        };
        /** @description The same as `typing` with `stop`. */
        ChatTypingStopFrame: {
            /** @enum {string} */
            action: "chat:typing:stop";
            requestId?: string;
            data: components["schemas"]["TypingStopData"];
        };
        /** @description Opens a conversation on this device: typing, presence and who else has it open are told from now on. */
        JoinFrame: {
            /** @enum {string} */
            action: "join" | "chat:join";
            requestId?: string;
            data: components["schemas"]["RoomData"];
        };
        /** @description Closes a conversation on this device. Membership and messages stay as they are. */
        LeaveFrame: {
            /** @enum {string} */
            action: "leave" | "chat:leave";
            requestId?: string;
            data: components["schemas"]["RoomData"];
        };
        /** @description Asks for the server's time, and whether events were missed; keeps an idle socket open. Send one every 25 s, whatever else comes and goes: it bounds how long something that was missed stays so. */
        PingFrame: {
            /** @enum {string} */
            action: "ping";
            requestId?: string;
            data?: components["schemas"]["NoData"] | null;
        };
        /** @description Asks for all that changed since a token, or without one for the caller's whole state. */
        SyncFrame: {
            /** @enum {string} */
            action: "sync" | "chat:sync";
            requestId?: string;
            data?: components["schemas"]["SyncData"] | null;
        };
        /** @description The messages are durable and will be stored, but for those that `results` has as refused. */
        ChatSendAckFrame: {
            /** @constant */
            event: "chat:send:ack";
            requestId: string;
            data: components["schemas"]["SendAnswer"] | components["schemas"]["SendResults"];
        };
        /** @description The change is durable and will be made. */
        ChatEditAckFrame: {
            /** @constant */
            event: "chat:edit:ack";
            requestId: string;
            data: components["schemas"]["ChangeAnswer"];
        };
        /** @description The change is durable and will be made. */
        ChatDeleteAckFrame: {
            /** @constant */
            event: "chat:delete:ack";
            requestId: string;
            data: components["schemas"]["ChangeAnswer"];
        };
        /** @description The change is durable and will be made. */
        ChatReactAckFrame: {
            /** @constant */
            event: "chat:react:ack";
            requestId: string;
            data: components["schemas"]["ChangeAnswer"];
        };
        /** @description The receipt is stored; these are the caller's pointers. */
        ChatSeenAckFrame: {
            /** @constant */
            event: "chat:seen:ack";
            requestId: string;
            data: components["schemas"]["PointersAnswer"];
        };
        /** @description It was told to those who have joined. */
        ChatTypingAckFrame: {
            /** @constant */
            event: "chat:typing:ack";
            requestId: string;
            data: components["schemas"]["RoomAnswer"];
        };
        /** @description The conversation is joined. */
        ChatJoinAckFrame: {
            /** @constant */
            event: "chat:join:ack";
            requestId: string;
            data: components["schemas"]["JoinAnswer"];
        };
        /** @description The conversation is left. */
        ChatLeaveAckFrame: {
            /** @constant */
            event: "chat:leave:ack";
            requestId: string;
            data: components["schemas"]["RoomAnswer"];
        };
        /** @description The server's time; with `missed` where events may not have reached this socket: ask for sync then. */
        PongFrame: {
            /** @constant */
            event: "pong";
            requestId: string;
            data: components["schemas"]["PongData"];
        };
        /** @description A page of what changed, of up to 100 KB. Unless `complete`, ask on with `token`. */
        SyncAnswerFrame: {
            /** @constant */
            event: "sync";
            requestId: string;
            data: components["schemas"]["SyncAnswer"];
        };
        /** @description A frame was refused. Without requestId where the frame had none, or none that could be read. */
        ErrorFrame: {
            /** @constant */
            event: "error";
            requestId?: string;
            data: components["schemas"]["ErrorData"];
        };
        /** @description A message was stored. On one socket those of a conversation come in seq order. */
        ChatReceiveFrame: {
            /** @constant */
            event: "chat:receive";
            data: components["schemas"]["MessageData"];
        };
        /** @description A message was edited or reacted to. */
        MessageUpdateFrame: {
            /** @constant */
            event: "message:update";
            data: components["schemas"]["MessageData"];
        };
        /** @description A message was deleted; what is left of it is a tombstone. */
        MessageDeleteFrame: {
            /** @constant */
            event: "message:delete";
            data: components["schemas"]["DeletedData"];
        };
        /** @description A member's pointers moved; the caller's other devices are told too. */
        ChatSeenUpdateFrame: {
            /** @constant */
            event: "chat:seen:update";
            data: components["schemas"]["ReceiptData"];
        };
        /** @description Somebody who has joined writes, or no longer does. A start lapses after 6 s by itself. */
        ChatTypingUpdateFrame: {
            /** @constant */
            event: "chat:typing:update";
            data: components["schemas"]["TypingObject"];
        };
        /** @description Somebody opened a conversation that this device has open. */
        ChatUserJoinedFrame: {
            /** @constant */
            event: "chat:user:joined";
            data: components["schemas"]["RoomMember"];
        };
        /** @description Somebody closed it again, or their last device that had it open is gone. */
        ChatUserLeftFrame: {
            /** @constant */
            event: "chat:user:left";
            data: components["schemas"]["RoomMember"];
        };
        /** @description Somebody of a joined conversation came or went. */
        PresenceUpdateFrame: {
            /** @constant */
            event: "presence:update";
            data: components["schemas"]["PresenceObject"];
        };
        /** @description A direct conversation came into being; both are told. */
        ConversationCreateFrame: {
            /** @constant */
            event: "conversation:create";
            data: components["schemas"]["ConversationData"];
        };
        /** @description The recipient is a member of a group now. */
        GroupCreateFrame: {
            /** @constant */
            event: "group:create";
            data: components["schemas"]["ConversationData"];
        };
        /** @description A group's name or photo changed. */
        GroupUpdateFrame: {
            /** @constant */
            event: "group:update";
            data: components["schemas"]["ConversationData"];
        };
        /** @description Who came, who went and whose role changed; those who went are told this, and nothing after it. */
        GroupMembersFrame: {
            /** @constant */
            event: "group:members";
            data: components["schemas"]["MembersData"];
        };
        /** @description A group is no more. */
        GroupDeleteFrame: {
            /** @constant */
            event: "group:delete";
            data: components["schemas"]["DeletedGroupData"];
        };
        /** @description The socket is about to reach its longest life: open another one by then, and drop what both bring. */
        SessionExpiringFrame: {
            /** @constant */
            event: "session:expiring";
            data: components["schemas"]["ExpiryObject"];
        };
        /** @description The session has ended, and the socket is closed after this. */
        SessionEndedFrame: {
            /** @constant */
            event: "session:ended";
            data: components["schemas"]["EndedData"];
        };
        JoinedFrame: (components["schemas"]["ChatSendAckFrame"] | components["schemas"]["ChatEditAckFrame"] | components["schemas"]["ChatDeleteAckFrame"] | components["schemas"]["ChatReactAckFrame"] | components["schemas"]["ChatSeenAckFrame"] | components["schemas"]["ChatTypingAckFrame"] | components["schemas"]["ChatJoinAckFrame"] | components["schemas"]["ChatLeaveAckFrame"] | components["schemas"]["PongFrame"] | components["schemas"]["SyncAnswerFrame"] | components["schemas"]["ErrorFrame"] | components["schemas"]["ChatReceiveFrame"] | components["schemas"]["MessageUpdateFrame"] | components["schemas"]["MessageDeleteFrame"] | components["schemas"]["ChatSeenUpdateFrame"] | components["schemas"]["ChatTypingUpdateFrame"] | components["schemas"]["ChatUserJoinedFrame"] | components["schemas"]["ChatUserLeftFrame"] | components["schemas"]["PresenceUpdateFrame"] | components["schemas"]["ConversationCreateFrame"] | components["schemas"]["GroupCreateFrame"] | components["schemas"]["GroupUpdateFrame"] | components["schemas"]["GroupMembersFrame"] | components["schemas"]["GroupDeleteFrame"] | components["schemas"]["SessionExpiringFrame"] | components["schemas"]["SessionEndedFrame"])[];
        GatewayErrorFrame: {
            message: string;
            connectionId: string;
            requestId: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
